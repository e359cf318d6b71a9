"""Pitch at the ends of clauses and sentences, by rule.

In the recordings that the prosody model has learned from, questions fall like statements, so
nothing learned could make them rise. These are the boundary tones that intonational phonology
describes for American English (Pierrehumbert 1980; in ToBI's letters): a statement and a
wh-question end low (L-L%), a yes/no question high (H-H%), a clause that goes on low and then
a little up (L-H%); of alternatives each is high but the last. Sizes are this project's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.tts.prosody.director import question_type
from pywakeword.tts.recording.phone_alignment import PAUSE

_OR = re.compile(r"\bor\b", re.IGNORECASE)
_VOWELS = "aa ae ah ao aw ay eh er ey ih iy ow oy uh uw"
_CARRIERS = frozenset([*_VOWELS.split(), "l", "m", "n", "ng", "r", "w", "y"])
_MOST_PHONES = 8  # over which a tone runs, of a long word the last ones


@dataclass(frozen=True)
class Tone:
    """A line over the vowels and sonorants of a phrase's last word, in semitones.

    It is added to the voice's own melody.
    """

    start: float
    end: float


FALL = Tone(0, -2)  # L-L%
RISE = Tone(-1, 8)  # H-H%
CONTINUATION = Tone(-2, 5)  # L-H%
ALTERNATIVE = Tone(-1, 6)  # H-


def boundary_tones(
    text: str, names: Sequence[str], places: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Return how far each symbol is moved, in octaves.

    Parameters
    ----------
    text : str
        The sentence; its marks say what it is.
    names : sequence of str
        Symbols of it or of a part of it, with pauses, as `PHONES` has them.
    places : (n_symbols,) ndarray of int64
        Where the word of each ends, in bytes of the UTF-8 of `text`; 0 for pauses.
    """
    octaves = np.zeros(len(names), np.float32)
    for last, tone in _tones(text, names, places).items():
        first = last
        while first > 0 and places[first - 1] == places[last] and last - first + 1 < _MOST_PHONES:
            first -= 1
        octaves[first : last + 1] = _line(names[first : last + 1], tone)
    return octaves


def _tones(text: str, names: Sequence[str], places: npt.NDArray[np.int64]) -> dict[int, Tone]:
    """Return the tone that ends at each symbol which has one."""
    kind = question_type(text)
    spoken = [i for i, name in enumerate(names) if name != PAUSE]
    either = list(_OR.finditer(text))
    chosen_from = len(text[: either[-1].start()].encode()) if kind == "or" and either else 0
    tones: dict[int, Tone] = {}
    for i, following in zip(spoken, spoken[1:]):
        if places[i] <= chosen_from < places[following]:  # the last word in front of "or"
            tones[i] = ALTERNATIVE
        elif following > i + 1:  # a pause
            tones[i] = ALTERNATIVE if places[i] <= chosen_from else CONTINUATION
    if spoken and not re.search(r"\w", text.encode()[places[spoken[-1]] :].decode(errors="ignore")):
        tones[spoken[-1]] = RISE if kind == "yes-no" else FALL
    return tones


def _line(names: Sequence[str], tone: Tone) -> npt.NDArray[np.float32]:
    """Run the tone over the sounds that carry a melody, in octaves."""
    carriers = [i for i, name in enumerate(names) if name in _CARRIERS]
    if not carriers:
        return np.zeros(len(names), np.float32)
    steps = np.linspace(tone.start, tone.end, len(carriers) + 1)
    # It starts on the sound in front, so that it moves within the first vowel, too.
    carriers = [carriers[0] - 1, *carriers]
    return (np.interp(np.arange(len(names)), carriers, steps) / 12).astype(np.float32)
