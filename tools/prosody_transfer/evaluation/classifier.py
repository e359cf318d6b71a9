"""Speaker classifiers for frames of speech and for prosody codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.prosody_transfer.evaluation.measures import interval
from tools.tts.batches import padded

Rows = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
_LONGEST = 240


class SpeakerNet(nn.Module):
    """Two convolutions, then mean and spread over time: (batch, n, width_in) -> scores."""

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
        """Return the scores of each sequence, (n_sequences, n_speakers)."""
        self.eval()
        made = [self(*padded(rows[i : i + 32])) for i in range(0, len(rows), 32)]
        scores: Rows = torch.cat(made).numpy()
        return scores


def train_net(
    rows: Sequence[Rows], labels: Labels, n_speakers: int, *, steps: int, seed: int = 0
) -> SpeakerNet:
    """Train on random excerpts of the sequences."""
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
        torch.autograd.backward(loss)
        optimizer.step()
    return net


def statistics_of(rows: Sequence[Rows]) -> Rows:
    """Return means, spreads, quantiles and speed of change of each sequence."""
    found = []
    for row in rows:
        change = np.abs(np.diff(row, axis=0)).mean(0) if len(row) > 1 else np.zeros(row.shape[1])
        found.append(
            np.concatenate([row.mean(0), row.std(0), *np.percentile(row, [10, 90], 0), change])
        )
    return np.array(found, np.float32)


def shapes_of(rows: Sequence[Rows]) -> Rows:
    """Return more statistics: ends, skewness, tails, auto- and cross-correlation."""
    found = []
    for row in rows:
        unit = (row - row.mean(0)) / (row.std(0) + 1e-3)
        later = [np.mean(unit[k:] * unit[:-k], 0) if len(row) > k else 0 * unit[0] for k in (1, 2)]
        together = (unit.T @ unit / len(row))[np.triu_indices(row.shape[1], 1)]
        moments = [(unit**3).mean(0), (unit**4).mean(0)]
        found.append(np.concatenate([row[0], row[-1], *moments, *later, together]))
    return np.column_stack([statistics_of(rows), np.array(found, np.float32)])


def ridge_guesses(train: Rows, labels: Labels, test: Rows) -> Labels:
    """Classify by ridge regression."""
    mean, scale = train.mean(0), train.std(0) + 1e-6
    one = np.column_stack([(train - mean) / scale, np.ones(len(train))]).astype(np.float64)
    other = np.column_stack([(test - mean) / scale, np.ones(len(test))])
    goal = np.eye(int(labels.max()) + 1)[labels]
    weights = np.linalg.solve(
        one.T @ one + 0.1 * len(one) ** 0.5 * np.eye(one.shape[1]), one.T @ goal
    )
    guesses: Labels = (other @ weights).argmax(1)
    return guesses


def speaker_accuracy(
    rows: Sequence[Rows],
    speakers: Sequence[str],
    *,
    folds: int = 4,
    repeats: int = 3,
    steps: int = 120,
) -> dict[str, Any]:
    """Return the accuracy of speaker classification, by cross-validation.

    Three classifiers: linear ones on simple and on richer statistics, and a network on the
    sequence. Each repeat divides each speaker's sequences among the folds anew.

    Returns
    -------
    dict
        `linear`, `shapes` and `network`: mean accuracy and its 95 % interval over speakers;
        `shuffled_...`: the same with shuffled labels, the chance level; `best`: the most
        accurate classifier; `over_chance`: its accuracy minus the mean chance level; `n`:
        number of sequences.
    """
    names, labels = np.unique(speakers, return_inverse=True)
    summaries = {"linear": statistics_of(rows), "shapes": shapes_of(rows)}
    right: dict[str, list[npt.NDArray[np.bool_]]] = {}
    for repeat in range(repeats):
        rng = np.random.default_rng((repeat, 11))
        place = _dealt(labels, folds, rng)
        for kind, truth in (("", labels), ("shuffled_", rng.permutation(labels))):
            for name, summary in summaries.items():
                guesses = np.zeros_like(labels)
                for fold in range(folds):
                    known, asked = place != fold, place == fold
                    guesses[asked] = ridge_guesses(summary[known], truth[known], summary[asked])
                right.setdefault(kind + name, []).append(guesses == truth)
            if kind and repeat:
                continue  # the network takes longest: shuffled only once
            guesses = np.zeros_like(labels)
            for fold in range(folds):
                known, asked = np.flatnonzero(place != fold), np.flatnonzero(place == fold)
                net = train_net(
                    [rows[int(i)] for i in known],
                    truth[known],
                    len(names),
                    steps=steps,
                    seed=folds * repeat + fold,
                )
                guesses[asked] = net.predict([rows[int(i)] for i in asked]).argmax(1)
            right.setdefault(f"{kind}network", []).append(guesses == truth)
    found: dict[str, Any] = {
        name: interval(np.mean(values, axis=0), speakers) for name, values in right.items()
    }
    found["best"] = max(("linear", "shapes", "network"), key=lambda name: found[name][0])
    found["chance"] = float(np.mean([v[0] for k, v in found.items() if k.startswith("shuffled")]))
    found["over_chance"] = found[found["best"]][0] - found["chance"]
    return found | {"n": len(rows), "speakers": len(names)}


def _dealt(labels: Labels, folds: int, rng: np.random.Generator) -> Labels:
    """Return the fold of each sequence; each speaker's sequences are spread evenly."""
    place = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        place[own] = (np.arange(len(own)) + rng.integers(folds)) % folds
    return place
