"""Performs stage directions with a voice that takes plain text: piece by piece."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import numpy as np

from pywakeword._async import closing
from pywakeword.tts.backends.base import Backend
from pywakeword.tts.directions.tags import NEUTRAL, Change, change_of
from pywakeword.tts.directions.whisper import whispered
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.ssml import Ssml, sanitize

_TAG = re.compile(r"<(/?)([a-z][a-z-]*)((?:\s+[a-z-]+=\"[^\"]*\")*)\s*/?>")
_ATTRIBUTE = re.compile(r"([a-z-]+)=\"([^\"]*)\"")
_STRENGTHS_S = {
    "none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.2,
}  # fmt: skip
# Factors of nested tags multiply; voices speak well within these.
_RATES, _PITCHES = (0.6, 1.6), (0.75, 1.35)


@dataclass(frozen=True)
class Segment:
    """A stretch of text with one manner, or a pause where the text is empty."""

    text: str
    change: Change = NEUTRAL
    whisper: bool = False
    pause_s: float = 0.0


def segments(ssml: Ssml) -> list[Segment]:
    """Return the segments of markup; only permitted tags count."""
    ssml = sanitize(ssml)
    found: list[Segment] = []
    stack: list[tuple[str, Change, bool]] = [("", NEUTRAL, False)]
    position = 0
    for tag in _TAG.finditer(ssml):
        _add(found, ssml[position : tag.start()], stack[-1])
        position = tag.end()
        closing_tag, name, attributes = tag[1], tag[2], dict(_ATTRIBUTE.findall(tag[3]))
        if name == "break":
            found.append(Segment("", pause_s=_pause_s(attributes)))
        elif closing_tag:
            stack.pop()
        elif name != "laugh":
            _, change, whisper = stack[-1]
            stack.append((name, change * change_of(name, attributes), whisper or name == "whisper"))
    _add(found, ssml[position:], stack[-1])
    return found


async def perform(
    backend: Backend, ssml: Ssml, voice: Voice, prosody: Prosody
) -> AsyncGenerator[AudioChunk, None]:
    """Speak the segments one after the other; what `backend` cannot change is left out."""
    rate_hz = 0
    for segment in segments(ssml):
        if not segment.text:
            if rate_hz and (silence := np.zeros(round(segment.pause_s * rate_hz), np.int16)).size:
                yield AudioChunk(silence, rate_hz)
            continue
        wanted = _wanted(segment.change, prosody, backend.prosody_fields)
        chunks: list[AudioChunk] = []
        async with closing(backend.speak(segment.text, voice, wanted)) as speech:
            async for chunk in speech:
                rate_hz = chunk.sample_rate_hz
                if segment.whisper:  # its level depends on the whole
                    chunks.append(chunk)
                else:
                    yield _louder(chunk, segment.change.volume)
        if chunks:
            pcm = whispered(np.concatenate([chunk.pcm for chunk in chunks]), rate_hz)
            yield _louder(AudioChunk(pcm, rate_hz), segment.change.volume)


def _add(found: list[Segment], markup: str, manner: tuple[str, Change, bool]) -> None:
    text = " ".join(html.unescape(markup).split())
    if any(letter.isalnum() for letter in text):
        found.append(Segment(text, manner[1], manner[2]))


def _pause_s(attributes: dict[str, str]) -> float:
    time = attributes.get("time")
    if time is None:
        return _STRENGTHS_S[attributes.get("strength", "medium")]
    return float(time[:-2]) / 1000 if time.endswith("ms") else float(time[:-1])


def _wanted(change: Change, prosody: Prosody, fields: frozenset[str]) -> Prosody:
    rate = float(np.clip(change.rate, *_RATES)) if "rate" in fields else 1.0
    pitch = float(np.clip(change.pitch, *_PITCHES)) if "pitch" in fields else 1.0
    return Prosody(
        rate=float(np.clip(prosody.rate * rate, 0.25, 4)),
        pitch=float(np.clip(prosody.pitch * pitch, 0.5, 2)),
    )


def _louder(chunk: AudioChunk, volume: float) -> AudioChunk:
    scaled = np.clip(np.rint(chunk.pcm * volume), -32768, 32767).astype(np.int16)
    return AudioChunk(scaled, chunk.sample_rate_hz)
