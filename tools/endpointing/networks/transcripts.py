"""Train the arbitrator of transcripts: a text network first, on text alone, then the whole."""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pywakeword.endpointing.prosody import PROSODY_FEATURES
from pywakeword.endpointing.recognisers.transcript_arbitrator import (
    N_BUCKETS,
    N_TEXT,
    N_WORDS,
    describe_text,
)
from tools.endpointing.data.examples import Pause
from tools.endpointing.networks.arbitration import (
    Judge,
    calibrate,
    fit,
    real,
    targets_of,
    truth_of,
)

_DIMS, _HIDDEN = 24, 48
# Groups of inputs that an ablation hides.
TRANSCRIPT_PARTS = ("transcript", "encoding", "prosody")


class TextNetwork(nn.Module):
    """Whether a text is complete, from hashes of its first and last words."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(N_BUCKETS, _DIMS)
        self.endings = nn.Embedding(N_BUCKETS, _DIMS)
        nn.init.zeros_(self.words.weight)  # an unknown word adds nothing to its ending
        nn.init.normal_(self.endings.weight, std=0.1)
        self.drop = nn.Dropout(0.2)
        self.hidden = nn.Linear(N_WORDS * _DIMS + 2, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, 1)

    def forward(self, words: Tensor, endings: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logit, (b,), and the layer before it, (b, 48). Ignores punctuation."""
        known = (words > 0)[..., None]
        x = (self.words(words) + self.endings(endings)) * known
        h = torch.relu(self.hidden(torch.cat([self.drop(x).flatten(1), text[:, :2]], dim=1)))
        return self.out(self.drop(h))[:, 0], h


class TranscriptNetwork(Judge):
    """Attention over the states of the last 2 s, the text, and prosody, to one logit."""

    def __init__(self, text: TextNetwork, dims: int, mean: np.ndarray, scale: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean).float())
        self.register_buffer("scale", torch.as_tensor(scale).float())
        self.text = text
        self.norm = nn.LayerNorm(dims)
        self.project = nn.Linear(dims, 24)
        self.attend = nn.Linear(dims, 2)
        self.drop = nn.Dropout(0.3)
        self.read = nn.Linear(_HIDDEN, 8)
        n_inputs = 24 * 3 + 8 + 1 + N_TEXT + len(PROSODY_FEATURES)
        self.hidden = nn.Linear(n_inputs, 32)
        self.out = nn.Linear(32, 1)

    def logit(self, *inputs: Tensor) -> Tensor:
        """Return the logit before calibration, (b,)."""
        states, mask, words, endings, text, prosody = inputs
        states = self.drop(self.norm(states.float())) * mask[..., None]
        h = torch.tanh(self.project(states))
        weights = self.attend(states).masked_fill(mask[..., None] == 0, -1e4).softmax(dim=1)
        pooled = torch.einsum("bta,btd->bad", weights, h).flatten(1)
        complete, read = self.text(words, endings, text)
        sound = ((prosody - self.mean) / self.scale).clamp(-4, 4)
        parts = [
            pooled,
            h[:, -1],
            torch.tanh(self.read(self.drop(read))),
            0.5 * complete[:, None],
            text,
            sound,
        ]
        return self.out(self.drop(torch.relu(self.hidden(torch.cat(parts, dim=1)))))[:, 0]


def train_text(
    sentences: Sequence[str], *, seed: int = 1, steps: int = 4000, rate: float = 3e-3
) -> TextNetwork:
    """Train on sentences that are whole or cut after a word, half and half."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    network = TextNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    split = [sentence.split() for sentence in sentences]
    network.train()
    for _ in range(steps):
        texts, whole = [], []
        for index in rng.integers(len(split), size=128):
            words = split[int(index)]
            complete = len(words) < 2 or bool(rng.random() < 0.5)
            length = len(words) if complete else int(rng.integers(1, len(words)))
            texts.append(_misheard(words[:length], split, rng))
            whole.append(float(complete))
        logit, _ = network(*text_tensors(texts))
        loss = functional.binary_cross_entropy_with_logits(logit, torch.tensor(whole))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def _misheard(words: list[str], split: Sequence[list[str]], rng: np.random.Generator) -> list[str]:
    """Replace words by others now and then, as a recogniser does."""
    found = []
    for word in words:
        if rng.random() < 0.08:
            other = split[int(rng.integers(len(split)))]
            word = other[int(rng.integers(len(other)))]
        found.append(word)
    return found


def text_tensors(texts: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor, Tensor]:
    """Describe many texts for the network."""
    described = [describe_text(text) for text in texts]
    words, endings, extra = (np.stack(part) for part in zip(*described))
    return torch.from_numpy(words), torch.from_numpy(endings), torch.from_numpy(extra)


def transcript_inputs(pauses: list[Pause], without: Container[str] = ()) -> tuple[Tensor, ...]:
    """Return the inputs of every question; parts in `without` are constant."""
    known = [p for p in pauses if p.recognised is not None]
    assert len(known) == len(pauses), "a pause was not recognised"
    repeats = torch.tensor([len(p.asks) for p in pauses])
    recognised = [p.recognised for p in pauses if p.recognised is not None]
    states = torch.from_numpy(np.stack([r.states for r in recognised]))
    mask = torch.from_numpy(np.stack([r.mask for r in recognised]))
    words, endings, text = text_tensors([r.text.split() for r in recognised])
    sound = torch.from_numpy(np.stack([a.prosody for p in pauses for a in p.asks]))
    if "encoding" in without:
        states = torch.zeros_like(states)
    if "transcript" in without:
        words, endings, text = (torch.zeros_like(t) for t in (words, endings, text))
    if "prosody" in without:
        sound = torch.zeros_like(sound)
    of_pause = (states, mask, words, endings, text)
    return (*(t.repeat_interleave(repeats, dim=0) for t in of_pause), sound)


def train_transcript_arbitrator(
    text: TextNetwork,
    pauses: list[Pause],
    unheard: list[Pause],
    *,
    seed: int = 1,
    epochs: int = 20,
    rate: float = 2e-3,
    without: Container[str] = (),
) -> TranscriptNetwork:
    """Train on `pauses`, with the text network as it is; calibrate on `unheard`."""
    torch.manual_seed(seed)
    inputs = transcript_inputs(pauses, without)
    sound = inputs[-1].numpy()
    dims = inputs[0].shape[-1]
    network = TranscriptNetwork(text, dims, sound.mean(0), sound.std(0) + 1e-3)
    network.text.requires_grad_(False)
    fit(network, inputs, *targets_of(pauses), epochs=epochs, rate=rate)
    calibrate(network, transcript_inputs(real(unheard), without), truth_of(real(unheard)))
    return network
