"""Takes for the conditions in which the speech itself differs, not what is mixed with it.

"one_breath", "carrier", "pause" and "mention" are takes of a bank by held-out voices
(`pywakeword.training.takes.evaluation`). "spliced" puts real speech of the same split right
behind a real take, and at times before it. "high" raises pitch, formants and tempo by 1.3,
towards a child's voice; "narrow" cuts everything above 3.4 kHz, as a telephone does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Optional

import numpy as np
import numpy.typing as npt
import soxr
from scipy.signal import butter, sosfiltfilt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material.corpus import Clip, decode
from pywakeword.training.material.splicing import splice
from pywakeword.training.takes.bank import read_index

_HIGHER = 1.3
_NARROW_HZ = 3400.0
_BEFORE_SHARE = 0.3
_SEED = 41

# Name, samples and the span of the word, where it is known.
Take = tuple[str, npt.NDArray[np.float32], Optional[tuple[int, int]]]


def bank_takes(bank: Path, word: str, kind: str) -> Iterator[Take]:
    """Yield the takes of a kind from a bank; some voices do not give the span of the word."""
    for row in read_index(bank):
        if row["keyword"] == word and row["kind"] == kind:
            samples = decode(bank / row["file"])
            span = None if row["start"] is None else (row["start"], row["end"])
            yield f"{row['voice']}:{row['speaker']} {row['task']}", samples, span


def spliced_takes(
    takes: Iterable[tuple[str, npt.NDArray[np.float32]]], speech: list[Clip]
) -> Iterator[Take]:
    """Yield takes with real speech behind them."""
    rng = np.random.default_rng(_SEED)
    for name, take in takes:
        before, after = (decode(speech[int(i)].path) for i in rng.integers(len(speech), size=2))
        wanted = rng.random() < _BEFORE_SHARE
        samples, span = splice(take, before if wanted else None, after, rng)
        yield name, samples, span


def high(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Raise pitch, formants and tempo by 1.3."""
    faster = soxr.resample(samples, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / _HIGHER)
    return np.asarray(faster, np.float32)


def narrow(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Cut what lies above 3.4 kHz."""
    low_pass = butter(8, _NARROW_HZ, fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(sosfiltfilt(low_pass, samples), np.float32)
