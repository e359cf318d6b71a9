"""Speaker classifiers: one hears frames of speech, one looks for speakers in prosody codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.tts.batches import padded

Rows = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
_LONGEST = 240


class SpeakerNet(nn.Module):
    """Two convolutions, and mean and spread over time: (batch, n, width_in) -> scores."""

    def __init__(self, width_in: int, n_speakers: int, width: int = 64) -> None:
        super().__init__()
        self.first = nn.Conv1d(width_in, width, 5, padding=2)
        self.second = nn.Conv1d(width, width, 3, padding=1)
        self.head = nn.Linear(2 * width, n_speakers)
        self.centre = nn.Parameter(torch.zeros(width_in), requires_grad=False)
        self.scale = nn.Parameter(torch.ones(width_in), requires_grad=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Classify."""
        mask = mask[:, None]
        x = ((x - self.centre) * self.scale).transpose(1, 2) * mask
        x = torch.relu(self.first(x)) * mask
        x = torch.relu(self.second(x)) * mask
        count = mask.sum(2) + 1e-6
        mean = x.sum(2) / count
        spread = torch.sqrt((((x - mean[..., None]) * mask) ** 2).sum(2) / count + 1e-5)
        pooled = functional.dropout(torch.cat([mean, spread], 1), 0.3, self.training)
        scores: Tensor = self.head(pooled)
        return scores

    @torch.no_grad()
    def predict(self, rows: Sequence[Rows]) -> Rows:
        """Scores of each sequence, (n_sequences, n_speakers)."""
        self.eval()
        made = [self(*padded(rows[i : i + 32])) for i in range(0, len(rows), 32)]
        scores: Rows = torch.cat(made).numpy()
        return scores


def train_net(
    rows: Sequence[Rows], labels: Labels, n_speakers: int, *, steps: int, seed: int = 0
) -> SpeakerNet:
    """Train on sequences, of which a random stretch is seen at a time."""
    torch.manual_seed(seed)
    net = SpeakerNet(rows[0].shape[1], n_speakers)
    every = np.concatenate(rows)
    net.centre.copy_(torch.from_numpy(every.mean(0)))
    net.scale.copy_(torch.from_numpy(1 / (every.std(0) + 1e-4)))
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.05)
    rng = np.random.default_rng(seed)
    net.train()
    for _ in range(steps):
        chosen = rng.choice(len(rows), 32)
        cut = []
        for i in chosen:
            start = int(rng.integers(0, max(1, len(rows[i]) - _LONGEST)))
            cut.append(rows[i][start : start + _LONGEST])
        loss = functional.cross_entropy(net(*padded(cut)), torch.from_numpy(labels[chosen]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net


def statistics_of(rows: Sequence[Rows]) -> Rows:
    """Describe a sequence as a whole: means, spreads, quantiles, speed of change."""
    found = []
    for row in rows:
        change = np.abs(np.diff(row, axis=0)).mean(0) if len(row) > 1 else np.zeros(row.shape[1])
        found.append(
            np.concatenate([row.mean(0), row.std(0), *np.percentile(row, [10, 90], 0), change])
        )
    return np.array(found, np.float32)


def ridge_accuracy(train: Rows, labels: Labels, test: Rows, truth: Labels) -> float:
    """Accuracy of a linear classifier by ridge regression."""
    mean, scale = train.mean(0), train.std(0) + 1e-6
    one = np.column_stack([(train - mean) / scale, np.ones(len(train))]).astype(np.float64)
    other = np.column_stack([(test - mean) / scale, np.ones(len(test))])
    goal = np.eye(int(labels.max()) + 1)[labels]
    weights = np.linalg.solve(one.T @ one + 0.1 * len(one) ** 0.5 * np.eye(one.shape[1]),
                              one.T @ goal)  # fmt: skip
    return float(np.mean((other @ weights).argmax(1) == truth))


def speaker_accuracy(
    rows: Sequence[Rows], speakers: Sequence[str], *, folds: int = 4, steps: int = 80
) -> dict[str, float]:
    """Accuracy of telling the speaker of a sequence, on sequences that were not trained on.

    Returns
    -------
    dict
        `linear` and `network`: of the two classifiers; `shuffled`: of the linear one with
        speakers drawn at random, the chance level; `n`: sequences judged.
    """
    _, labels = np.unique(speakers, return_inverse=True)
    place = _places(labels) % folds
    summary = statistics_of(rows)
    linear, network, shuffled = [], [], []
    for fold in range(folds):
        known, asked = np.flatnonzero(place != fold), np.flatnonzero(place == fold)
        linear.append(ridge_accuracy(summary[known], labels[known], summary[asked], labels[asked]))
        for seed in range(4):
            random = np.random.default_rng((fold, seed)).permutation(labels)
            shuffled.append(
                ridge_accuracy(summary[known], random[known], summary[asked], random[asked])
            )
        net = train_net([rows[i] for i in known], labels[known], int(labels.max()) + 1,
                        steps=steps, seed=fold)  # fmt: skip
        guess = net.predict([rows[i] for i in asked]).argmax(1)
        network.append(float(np.mean(guess == labels[asked])))
    return {"linear": float(np.mean(linear)), "network": float(np.mean(network)),
            "shuffled": float(np.mean(shuffled)), "n": float(len(rows))}  # fmt: skip


def _places(labels: Labels) -> Labels:
    """Return the how-manieth of its speaker each sequence is."""
    seen: dict[int, int] = {}
    places = []
    for label in labels:
        places.append(seen.get(int(label), 0))
        seen[int(label)] = places[-1] + 1
    return np.array(places)
