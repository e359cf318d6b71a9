"""Pitch at the ends of clauses and sentences, by rule.

Questions fall like statements in the training recordings, so the prosody model cannot make them
rise. These are the boundary tones of American English (Pierrehumbert 1980, in ToBI notation):
statements and wh-questions end low (L-L%), yes/no questions high (H-H%), unfinished clauses low
with a small rise (L-H%); in a list of alternatives all but the last end high. The sizes are this
project's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.tts.recording.alignment import PAUSE
from pywakeword.tts.text.questions import ALTERNATIVE as OR
from pywakeword.tts.text.questions import question_type

_VOWELS = "aa ae ah ao aw ay eh er ey ih iy ow oy uh uw"
_CARRIERS = frozenset([*_VOWELS.split(), "l", "m", "n", "ng", "r", "w", "y"])
_MOST_PHONES = 8  # a tone covers at most the last phones of a word


@dataclass(frozen=True)
class Tone:
    """A pitch offset in semitones, linear over the vowels and sonorants of a phrase's last word."""

    start: float
    end: float


FALL = Tone(0, -2)  # L-L%
RISE = Tone(-1, 8)  # H-H%
CONTINUATION = Tone(-2, 5)  # L-H%
ALTERNATIVE = Tone(-1, 6)  # H-


def boundary_tones(
    text: str, names: Sequence[str], places: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return the pitch offset of each symbol, in octaves.

    Parameters
    ----------
    text : str
        The sentence with its punctuation.
    names : sequence of str
        Symbols of the sentence or a part of it, with pauses, named as in `PHONES`.
    places : (n_symbols,) ndarray of int64
        End of each symbol's word, in bytes of the UTF-8 of `text`; 0 for pauses.
    """
    octaves = np.zeros(len(names), np.float32)
    for last, tone in _tones(text, names, places).items():
        first = last
        while first > 0 and places[first - 1] == places[last] and last - first + 1 < _MOST_PHONES:
            first -= 1
        octaves[first : last + 1] = _line(names[first : last + 1], tone)
    return octaves


def _tones(text: str, names: Sequence[str], places: npt.NDArray[np.int64]) -> dict[int, Tone]:
    """Return the tones by the index of the symbol at which they end."""
    kind = question_type(text)
    spoken = [i for i, name in enumerate(names) if name != PAUSE]
    either = list(OR.finditer(text))
    chosen_from = len(text[: either[-1].start()].encode()) if kind == "or" and either else 0
    tones: dict[int, Tone] = {}
    for i, following in zip(spoken, spoken[1:]):
        if places[i] <= chosen_from < places[following]:  # the last word before "or"
            tones[i] = ALTERNATIVE
        elif following > i + 1:  # a pause
            tones[i] = ALTERNATIVE if places[i] <= chosen_from else CONTINUATION
    if spoken and not re.search(r"\w", text.encode()[places[spoken[-1]] :].decode(errors="ignore")):
        tones[spoken[-1]] = RISE if kind == "yes_no" else FALL
    return tones


def _line(names: Sequence[str], tone: Tone) -> npt.NDArray[np.float32]:
    """Interpolate the tone over the sounds that carry pitch, in octaves."""
    carriers = [i for i, name in enumerate(names) if name in _CARRIERS]
    if not carriers:
        return np.zeros(len(names), np.float32)
    steps = np.linspace(tone.start, tone.end, len(carriers) + 1)
    # Starts on the sound before, so that the pitch moves within the first vowel too.
    carriers = [carriers[0] - 1, *carriers]
    return (np.interp(np.arange(len(names)), carriers, steps) / 12).astype(np.float32)
