"""Pauses with the arbitrator's inputs at each question.

A recording is processed from its start. After its end, its own silence continues, so that there
is a question at 1.2 s too. A cut is the recording broken off at the end of a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pywakeword.endpointing.arbitrator import pad_frames, pad_tokens
from pywakeword.endpointing.prosody import prosody_features
from pywakeword.endpointing.recognisers.encoder import StreamingEncoder
from pywakeword.training.material.features import HOP
from tools.endpointing.data.features import Item
from tools.endpointing.data.tokens import TOKENS

ASK_MS = (200, 500, 1200)  # into a pause, as `TwoPassEndpointer` asks
_END_MS = 1400
_TAIL_SAMPLES = 8 * 16_000
_INDEX = {token: i for i, token in enumerate(TOKENS)}


@dataclass
class Ask:
    """The arbitrator's inputs after `pause_ms`."""

    pause_ms: int
    frames: npt.NDArray[np.float16]
    mask: npt.NDArray[np.float32]
    tokens: npt.NDArray[np.int64]
    prosody: npt.NDArray[np.float32]
    eos: float


@dataclass(frozen=True, eq=False)
class Recognised:
    """A recogniser's text and its last states, which are padded as the arbitrator gets them."""

    text: str
    states: npt.NDArray[np.float16]
    mask: npt.NDArray[np.float32]


@dataclass
class Pause:
    """One pause of a recording.

    Attributes
    ----------
    kind : {"end", "hold", "cut"}
        The true label.
    duration_ms : int
        Length of a hold; for the others, until the last question.
    asks : list of Ask
        One per question that the pause is long enough for.
    teacher : float
        smart-turn's probability after 200 ms; nan where it was not computed.
    said : str
        `Utterance.kind`.
    sample : int
        Where the pause begins.
    recognised : Recognised or None
        What a recogniser understood up to the pause.
    """

    recording: str
    speaker: str
    role: str
    adult: bool
    kind: str
    duration_ms: int
    asks: list[Ask] = field(default_factory=list)
    teacher: float = float("nan")
    said: str = ""
    sample: int = 0
    recognised: Recognised | None = None


def own_silence(item: Item, n_samples: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Extend the recording's own quiet, forwards and backwards, from before or after the speech."""
    first, last = max(item.spans.start - 8, 0) * HOP, (item.spans.end + 15) * HOP
    quiet = max(item.pcm[:first], item.pcm[last:], key=len)
    if len(quiet) < 1600:  # none: its level, as noise
        level = np.sqrt(np.percentile(_powers(item.pcm), 5)) + 1
        return np.rint(rng.normal(0, level, n_samples)).astype(np.int16)
    quiet = quiet[160:-160]
    index = (np.arange(n_samples) + int(rng.integers(len(quiet)))) % (2 * len(quiet))
    return quiet[np.where(index < len(quiet), index, 2 * len(quiet) - 1 - index)]


def _powers(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    return np.asarray((pcm[: len(pcm) // 400 * 400].reshape(-1, 400).astype(float) ** 2).mean(1))


def whole(item: Item, rng: np.random.Generator) -> tuple[npt.NDArray[np.int16], list[Place]]:
    """Return the recording with its silence extended, and its pauses."""
    spans = item.spans
    end = spans.end * HOP
    missing = end + _END_MS * 16 - len(item.pcm)
    pcm = item.pcm
    if missing > 0:
        pcm = np.concatenate([pcm, own_silence(item, missing, rng)])
    places = [Place("hold", a * HOP, (b - a) * 10) for a, b in spans.holds]
    return pcm, [*places, Place("end", end, _END_MS)]


def cut(item: Item, rng: np.random.Generator) -> tuple[npt.NDArray[np.int16], list[Place]]:
    """Break the recording off at the end of a word; it dies away in 40 to 120 ms."""
    at = int(rng.choice(item.spans.cuts)) * HOP
    fade = int(rng.integers(640, 1920))
    quiet = own_silence(item, _END_MS * 16, rng).astype(np.float32)
    tail = (
        item.pcm[at : at + fade].astype(np.float32)
        * np.exp(-np.arange(fade) / fade * 7)[: len(item.pcm) - at]
    )
    quiet[: len(tail)] += tail
    pcm = np.concatenate([item.pcm[:at], np.clip(np.rint(quiet), -32768, 32767).astype(np.int16)])
    return pcm, [Place("cut", at, _END_MS)]


@dataclass(frozen=True)
class Place:
    """A pause in a signal: its kind, its first sample, its length."""

    kind: str
    sample: int
    duration_ms: int


def listen(
    encoder: StreamingEncoder, item: Item, pcm: npt.NDArray[np.int16], places: list[Place]
) -> list[Pause]:
    """Process a recording and collect the arbitrator's inputs at each pause."""
    encoder.reset()
    heard, pauses = 0, []
    u = item.utterance
    for place in places:
        pause = Pause(u.name, u.speaker, u.role, u.adult, place.kind, place.duration_ms)
        pause.said, pause.sample = u.kind, place.sample
        for ms in ASK_MS:
            if ms > place.duration_ms:
                break
            now = place.sample + ms * 16
            encoder.process(pcm[heard:now])
            heard = now
            encoding = encoder.encoding()
            frames, mask = pad_frames(encoding.frames)
            tail = pcm[max(0, now - _TAIL_SAMPLES) : now]
            pause.asks.append(
                Ask(
                    ms,
                    frames.astype(np.float16),
                    mask,
                    pad_tokens([_INDEX[t] for t in encoding.tokens]),
                    prosody_features(tail, ms / 1000),
                    encoding.eos,
                )
            )
        pauses.append(pause)
    return pauses
