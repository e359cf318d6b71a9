"""Where an utterance ends and where it pauses, by alignment and energy.

Frames are those of the front end (10 ms). Energy decides what is quiet, as in tools.vad.data.labels
but with gaps from 100 ms left open. The alignment decides which quiet stretch lies between two
words (a hold) and not inside one (the closure of a stop), and which sounds come before the first
word or after the last. Without a transcript, energy decides alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.tts.recording.alignment import Alignment, WordSpan
from tools.vad.data.labels import active_frames, runs

SHORTEST_HOLD_FRAMES = 10
_TOLERANCE_FRAMES = 4  # of a word boundary by alignment
_BEYOND_WORDS_FRAMES = 15  # energy that may still belong to the last word


@dataclass(frozen=True)
class Spans:
    """Frames of one recording.

    Attributes
    ----------
    start, end : int
        First frame of the speech, and one past its last.
    holds : tuple of (int, int)
        Quiet stretches inside of at least 100 ms: first frame, one past the last.
    cuts : tuple of int
        Ends of words other than the last, where there is no hold.
    """

    start: int
    end: int
    holds: tuple[tuple[int, int], ...]
    cuts: tuple[int, ...] = ()


def find_spans(log_energies: npt.NDArray[np.floating], alignment: Alignment | None) -> Spans | None:
    """Label a recording; None if it has no alignment and is too noisy for labels by energy."""
    words = alignment.word_spans() if alignment else ()
    active = active_frames(log_energies, SHORTEST_HOLD_FRAMES - 1)
    if active is None and words:  # too noisy: by the alignment alone
        active = np.zeros(len(log_energies), bool)
        for word in words:
            active[word.start : word.end] = True
        for first, end in runs(active, SHORTEST_HOLD_FRAMES - 1):
            active[first:end] = True
    if active is None or not active.any():
        return None
    if words:
        active[: max(0, words[0].start - _BEYOND_WORDS_FRAMES)] = False
        active[words[-1].end + _BEYOND_WORDS_FRAMES :] = False
        if not active.any():
            return None
    spoken = runs(active)
    start, end = spoken[0][0], spoken[-1][1]
    gaps = [(a[1], b[0]) for a, b in zip(spoken, spoken[1:])]
    if words:
        gaps = [gap for gap in gaps if _between_words(gap, words)]
    ends = [w.end for w in words[:-1] if start + 20 < w.end < end - 10]
    cuts = [e for e in ends if not any(a - 10 <= e <= b + 10 for a, b in gaps)]
    return Spans(start, end, tuple(gaps), tuple(cuts))


def _between_words(gap: tuple[int, int], words: Sequence[WordSpan]) -> bool:
    """Whether a word ends and the next begins inside the gap, or nearly so."""
    low, high = gap[0] - _TOLERANCE_FRAMES, gap[1] + _TOLERANCE_FRAMES
    return any(
        a.end >= low and b.start <= high and a.end <= high and b.start >= low
        for a, b in zip(words, words[1:])
    )
