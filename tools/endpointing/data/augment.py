"""Training sequences: the utterance, cut short or with pauses put in, at other levels.

A cut at the end of a word imitates a hesitation. It fades into the recording's own silence as
real ends do, so that no click marks it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tools.endpointing.data.features import Item
from tools.endpointing.data.tokens import TOKENS

_EOS = len(TOKENS) - 1
Frames = npt.NDArray[np.float32]


def silence(item: Item, n_frames: int, rng: np.random.Generator) -> Frames:
    """Return quiet of the same recording: frames before the speech, and the quietest after it."""
    features = item.features
    outside = np.concatenate(
        [features[: max(item.spans.start - 8, 0)], features[item.spans.end + 12 :]]
    )
    if len(outside) < 8:
        level = features.astype(np.float32).mean(axis=1)
        outside = features[np.argsort(level)[: max(8, len(features) // 10)]]
    first = int(rng.integers(len(outside)))
    index = np.arange(first, first + n_frames) % (2 * len(outside))
    index = np.where(index < len(outside), index, 2 * len(outside) - 1 - index)  # to and fro
    return outside[index].astype(np.float32)


def dying_away(last: Frames, quiet: Frames, rng: np.random.Generator) -> Frames:
    """Let the last frame's sound fall into the quiet, by 60 dB in 80 to 300 ms."""
    fall = 13.8 / rng.uniform(8, 30)
    decay = last[None] - fall * np.arange(1, len(quiet) + 1)[:, None]
    return np.logaddexp(quiet, decay).astype(np.float32)


def sequence(item: Item, rng: np.random.Generator) -> tuple[Frames, npt.NDArray[np.int64]]:
    """Make one training sequence with its frame labels."""
    assert item.labels is not None
    x, y = item.features.astype(np.float32), item.labels.astype(np.int64)
    chance = rng.random()
    cuts = item.spans.cuts
    if cuts and chance < 0.3:  # broken off
        at = int(rng.choice(cuts))
        quiet = dying_away(x[at - 1], silence(item, int(rng.integers(20, 140)), rng), rng)
        x, y = np.concatenate([x[:at], quiet]), np.concatenate([y[:at], np.zeros(len(quiet), int)])
    elif cuts and chance < 0.55:  # a pause put in
        at = int(rng.choice(cuts))
        quiet = dying_away(x[at - 1], silence(item, int(rng.integers(12, 110)), rng), rng)
        x = np.concatenate([x[:at], quiet, x[at:]])
        y = np.concatenate([y[:at], np.zeros(len(quiet), int), y[at:]])
    if y[-1] == _EOS:
        more = int(rng.integers(0, 100))
        x, y = np.concatenate([x, silence(item, more, rng)]), np.pad(y, (0, more), "edge")
    return x, y


def disturb(x: Frames, rng: np.random.Generator) -> Frames:
    """Change level and tilt, add steady noise, then mask stretches of time and frequency."""
    louder, tilted = rng.uniform(-2.0, 1.5), rng.uniform(-0.6, 0.6)
    y = x + louder + tilted * np.linspace(-1, 1, 64)
    if rng.random() < 0.5:
        tilt = rng.uniform(-2, 0.5) * np.linspace(0, 1, 64)
        noise = y.max() - rng.uniform(4, 12) + tilt
        y = np.logaddexp(y, noise + np.log(rng.exponential(1.0, y.shape) + 1e-3))
    x = y.astype(np.float32)
    for _ in range(2):
        low, width = int(rng.integers(0, 60)), int(rng.integers(0, 10))
        x[:, low : low + width] = x.mean()
    for _ in range(max(1, len(x) // 150)):
        first, length = int(rng.integers(0, len(x))), int(rng.integers(0, 16))
        x[first : first + length] = x.mean()
    return x


def stacked(x: Frames) -> Frames:
    """Join four frames of 10 ms to one of 40 ms: (n, 256); an incomplete last one is dropped."""
    n = len(x) // 4
    return np.ascontiguousarray(x[: 4 * n].reshape(n, 256))
