"""The stage directions that a text can carry, and what each does to a voice.

They are SSML (`break`, `emphasis`, `prosody`) and four elements of this package: `emotion`,
`pace`, `whisper` and `laugh`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from pywakeword.tts.text.ssml import Ssml

PERFORMED = frozenset({"break", "emphasis", "prosody", "emotion", "pace", "whisper"})
# These change rate and pitch and volume alone, so that SSML's own element can stand for them.
_LOWERED = frozenset({"emotion", "pace"})


@dataclass(frozen=True)
class Change:
    """Factors of rate, pitch and amplitude."""

    rate: float = 1.0
    pitch: float = 1.0
    volume: float = 1.0

    def __mul__(self, other: Change) -> Change:
        return Change(self.rate * other.rate, self.pitch * other.pitch, self.volume * other.volume)


NEUTRAL = Change()
EMOTIONS = {
    "happy": Change(1.06, 1.08, 1.1),
    "excited": Change(1.12, 1.12, 1.3),
    "sad": Change(0.88, 0.93, 0.8),
    "calm": Change(0.92, 0.97, 0.85),
    "serious": Change(0.95, 0.94, 1.0),
}
PACES = {"slow": Change(0.8), "fast": Change(1.25)}
_EMPHASIS = {
    "strong": Change(0.85, 1.1, 1.4),
    "moderate": Change(0.92, 1.06, 1.25),
    "none": NEUTRAL,
    "reduced": Change(1.06, 0.97, 0.75),
}
_RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1, "default": 1, "fast": 1.25, "x-fast": 1.6}
_PITCHES = {"x-low": 0.75, "low": 0.88, "medium": 1, "default": 1, "high": 1.14, "x-high": 1.3}
_DB = {
    "silent": -99, "x-soft": -12, "soft": -6, "medium": 0, "default": 0, "loud": 4, "x-loud": 8,
}  # fmt: skip
_ELEMENT = re.compile(r"<([a-z][a-z-]*)")


def elements(ssml: Ssml) -> list[str]:
    """Return the names of the directions in a text, each once, in the order of the text."""
    found = dict.fromkeys(_ELEMENT.findall(ssml))
    return [name for name in found if name not in ("speak", "p", "s")]


def change_of(name: str, attributes: dict[str, str]) -> Change:
    """Return what an element does to rate, pitch and volume."""
    if name == "emotion":
        return EMOTIONS[attributes["name"]]
    if name == "pace":
        return PACES[attributes["name"]]
    if name == "emphasis":
        return _EMPHASIS[attributes.get("level", "moderate")]
    if name == "prosody":
        return Change(
            _factor(attributes.get("rate", "medium"), _RATES),
            _factor(attributes.get("pitch", "medium"), _PITCHES),
            _amplitude(attributes.get("volume", "medium")),
        )
    return NEUTRAL


def lowered(ssml: Ssml) -> Ssml:
    """Write emotions and paces as `prosody`, for voices that perform SSML themselves."""

    def opened(match: re.Match[str]) -> str:
        change = (EMOTIONS if match[1] == "emotion" else PACES)[match[2]]
        decibels = 20 * math.log10(change.volume)
        return (
            f'<prosody rate="{change.rate:.0%}" pitch="{change.pitch - 1:+.0%}" '
            f'volume="{decibels:+.1f}dB">'
        )

    markup = re.sub(r'<(emotion|pace) name="(\w+)">', opened, ssml)
    return Ssml(re.sub("</(?:emotion|pace)>", "</prosody>", markup))


def performed_by_ssml(ssml_elements: frozenset[str]) -> frozenset[str]:
    """Return the directions of a voice that performs these elements of SSML."""
    return ssml_elements | (_LOWERED if "prosody" in ssml_elements else frozenset())


def _factor(value: str, names: dict[str, float]) -> float:
    if value in names:
        return float(names[value])
    percent = float(value[:-1]) / 100
    return max(1 + percent if value[0] in "+-" else percent, 0.1)


def _amplitude(value: str) -> float:
    decibels = float(_DB[value] if value in _DB else value[:-2])
    return float(10 ** (decibels / 20))
