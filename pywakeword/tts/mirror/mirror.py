"""`ProsodyMirror`: how an answer is spoken follows how the person spoke."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pywakeword.tts.mirror.utterance import UtteranceProsody, measure_utterance
from pywakeword.tts.speech import Prosody

RATE, PITCH, VOLUME = (0.85, 1.2), (0.92, 1.12), (0.4, 1.4)
_WHISPER = Prosody(rate=0.95, pitch=1.0, volume=0.4)
_STRENGTH = {"rate": 0.5, "pitch": 0.35, "level": 0.5}
# A change counts as excitement from here on; two of the four are needed.
_EXCITED = {"level": 5.0, "rate": 0.15, "pitch": 2.0, "range": 3.0}
_CALM = {"level": -5.0, "rate": -0.15, "pitch": -2.0, "range": -3.0}
# Weight of the newest utterance in the person's history.
_NEWEST = 0.25


@dataclass(frozen=True)
class Manner:
    """How to speak an answer.

    Attributes
    ----------
    prosody : Prosody
        Rate, pitch and volume, as factors.
    tag : str or None
        "whisper", "excited" or "calm", for a voice and a director that can perform it.
    explanation : tuple of str
        Why, one reason per entry.
    """

    prosody: Prosody
    tag: str | None
    explanation: tuple[str, ...]

    def times(self, prosody: Prosody | None) -> Prosody:
        """Return these factors on top of others, within the range of `Prosody`."""
        other = Prosody() if prosody is None else prosody
        return Prosody(
            rate=float(np.clip(self.prosody.rate * other.rate, 0.25, 4)),
            pitch=float(np.clip(self.prosody.pitch * other.pitch, 0.5, 2)),
            volume=float(np.clip(self.prosody.volume * other.volume, 0, 2)),
        )

    def limited(self, fields: Collection[str], name: str) -> Manner:
        """Return the manner without what a back end cannot change, and say so."""
        dropped = [
            field
            for field in ("rate", "pitch")
            if field not in fields and getattr(self.prosody, field) != 1
        ]
        said = tuple(f"{field}: dropped, {name} cannot change it" for field in dropped)
        prosody = replace(self.prosody, **dict.fromkeys(dropped, 1.0))
        return replace(self, prosody=prosody, explanation=self.explanation + said)


class ProsodyMirror:
    """Follows one person: each utterance is compared with those before it.

    The first utterance has nothing to be compared with and is answered as always, unless it
    was whispered. Equal utterances in equal order give equal answers.
    """

    def __init__(self) -> None:
        self._history: dict[str, float] = {}

    def reset(self) -> None:
        """Forget the person."""
        self._history.clear()

    def follow(self, pcm: npt.NDArray[np.int16]) -> Manner:
        """Return how to answer mono 16 kHz speech, and remember how it was said."""
        said = measure_utterance(pcm)
        if said is None:
            return Manner(Prosody(), None, ("too little speech to follow",))
        if said.whispered:  # it says nothing about how the person usually speaks
            reason = f"whispered: {said.voiced:.0%} of it is voiced, tilt {said.tilt_db:.1f} dB"
            return Manner(_WHISPER, "whisper", (reason,))
        measured = _measures(said)
        known = {key: value for key, value in measured.items() if key in self._history}
        changes = {key: value - self._history[key] for key, value in known.items()}
        manner = _answer(changes) if changes else Manner(Prosody(), None, ("first utterance",))
        for key, value in measured.items():
            before = self._history.get(key, value)
            self._history[key] = before + _NEWEST * (value - before)
        return manner


def _measures(said: UtteranceProsody) -> dict[str, float]:
    """Return level in dB, rate as logarithm, pitch and its range in semitones."""
    measured = {"level": said.level_db}
    if said.rate > 0:
        measured["rate"] = math.log(said.rate)
    if said.pitch_hz is not None and said.pitch_range is not None:
        measured["pitch"] = 12 * math.log2(said.pitch_hz)
        measured["range"] = said.pitch_range
    return measured


def _answer(changes: dict[str, float]) -> Manner:
    rate = math.exp(_STRENGTH["rate"] * changes.get("rate", 0.0))
    pitch = 2 ** (_STRENGTH["pitch"] * changes.get("pitch", 0.0) / 12)
    volume = 10 ** (_STRENGTH["level"] * changes["level"] / 20)
    prosody = Prosody(
        rate=round(float(np.clip(rate, *RATE)), 3),
        pitch=round(float(np.clip(pitch, *PITCH)), 3),
        volume=round(float(np.clip(volume, *VOLUME)), 3),
    )
    explanation = [f"level {changes['level']:+.1f} dB: volume {prosody.volume:g}"]
    if "rate" in changes:
        explanation.append(f"rate {math.expm1(changes['rate']):+.0%}: rate {prosody.rate:g}")
    if "pitch" in changes:
        explanation.append(f"pitch {changes['pitch']:+.1f} semitones: pitch {prosody.pitch:g}")
    up = [key for key, limit in _EXCITED.items() if changes.get(key, 0.0) >= limit]
    down = [key for key, limit in _CALM.items() if changes.get(key, 0.0) <= limit]
    tag = None
    if len(up) >= 2 and not down:
        tag = "excited"
        explanation.append(f"excited: more {' and '.join(up)}")
    elif len(down) >= 2 and not up:
        tag = "calm"
        explanation.append(f"calm: less {' and '.join(down)}")
    return Manner(prosody, tag, tuple(explanation))
