"""Real takes in running speech: other real speech right in front of them and behind them.

The parts have one level and meet in a short crossfade, with hardly a gap; a room or a change
of speed comes afterwards, over the whole. The speakers differ, so this is no natural
transition; it teaches that a word may be followed by speech at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material.boundaries import word_boundaries
from pywakeword.training.material.levels import active_rms

_MARGIN_S = 0.02  # kept around the word
_FADE_S = 0.02
_GAP_S = (-0.02, 0.06)  # between the word's margin and its neighbours
_BEFORE_S, _AFTER_S = (0.4, 1.5), (0.8, 2.5)
_SAME_LEVEL_DB = 3.0

Samples = npt.NDArray[np.float32]


def splice(
    take: Samples, before: Samples | None, after: Samples | None, rng: np.random.Generator
) -> tuple[Samples, tuple[int, int]]:
    """Put speech in front of the word of a take and behind it.

    Returns
    -------
    samples : ndarray of float32
    span : (int, int)
        First and one-past-last sample of the word.

    Raises
    ------
    ValueError
        If a part holds no speech.
    """
    first, last = word_boundaries(take)
    margin = int(_MARGIN_S * SAMPLE_RATE_HZ)
    cut = max(first - margin, 0)
    word = faded(take[cut : last + margin])
    level = active_rms(word)
    out, start = word, first - cut
    if before is not None:
        part = _matched(faded(_tail(before, rng)), level, rng)
        out, at = _joined(part, out, rng)
        start += at
    if after is not None:
        part = _matched(faded(_head(after, rng)), level, rng)
        out, _ = _joined(out, part, rng)
    return out, (start, start + last - first)


def faded(samples: Samples) -> Samples:
    """Return the samples with short ramps at both ends."""
    n = min(int(_FADE_S * SAMPLE_RATE_HZ), len(samples) // 2)
    ramp = np.ones(len(samples), np.float32)
    ramp[:n] = np.linspace(0, 1, n)
    ramp[len(ramp) - n :] = np.linspace(1, 0, n)
    return np.asarray(samples * ramp, np.float32)


def _head(speech: Samples, rng: np.random.Generator) -> Samples:
    """Cut from the first sound of the loudest stretch of speech."""
    first, _ = word_boundaries(speech)
    start = max(first - int(_MARGIN_S * SAMPLE_RATE_HZ), 0)
    return speech[start : start + int(rng.uniform(*_AFTER_S) * SAMPLE_RATE_HZ)]


def _tail(speech: Samples, rng: np.random.Generator) -> Samples:
    """Cut up to the last sound of the loudest stretch of speech."""
    _, last = word_boundaries(speech)
    end = last + int(_MARGIN_S * SAMPLE_RATE_HZ)
    return speech[max(end - int(rng.uniform(*_BEFORE_S) * SAMPLE_RATE_HZ), 0) : end]


def _matched(part: Samples, level: float, rng: np.random.Generator) -> Samples:
    db = rng.uniform(-_SAME_LEVEL_DB, _SAME_LEVEL_DB)
    return np.asarray(part * (level / active_rms(part) * 10 ** (db / 20)), np.float32)


def _joined(one: Samples, two: Samples, rng: np.random.Generator) -> tuple[Samples, int]:
    """Return both, one after the other, and where the second starts."""
    at = max(len(one) + int(rng.uniform(*_GAP_S) * SAMPLE_RATE_HZ), 0)
    out = np.zeros(max(at + len(two), len(one)), np.float32)
    out[: len(one)] += one
    out[at : at + len(two)] += two
    return out, at
