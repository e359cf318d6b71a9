"""Requests and replies of `POST /v1/transcribe`, with their limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.verifier.contract import (
    SampleFormat,
    metadata_fields,
    request_id_of,
    sample_format_of,
)

TRANSCRIBE_PATH = "/v1/transcribe"
MAX_SPEECH_SAMPLES = 28 * SAMPLE_RATE_HZ  # Whisper takes 30 s
MAX_SPEECH_BYTES = 2 * MAX_SPEECH_SAMPLES


@dataclass(frozen=True)
class SpeechMetadata:
    """A device's description of speech.

    Attributes
    ----------
    request_id : str
        At most 64 letters, digits, _ and -.
    wake_word : str
        Word at its start that is taken off the text, such as "computer"; empty: none.
    format : SampleFormat
        Format of the audio.
    """

    request_id: str
    wake_word: str = ""
    format: SampleFormat = field(default_factory=SampleFormat)


@dataclass(frozen=True)
class Reading:
    """One hypothesis, and its mean log probability per token."""

    text: str
    score: float


@dataclass(frozen=True)
class Transcription:
    """What was understood.

    Attributes
    ----------
    hypotheses : tuple of Reading
        Best first; empty if nothing was understood.
    model : str
        Name of the recogniser; empty if it was not asked, because nothing was said.
    timings_ms : mapping of str to float
        Time spent on the server.
    """

    hypotheses: tuple[Reading, ...]
    model: str
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Text of the best hypothesis; empty if nothing was understood."""
        return self.hypotheses[0].text if self.hypotheses else ""

    def to_json(self) -> dict[str, Any]:
        """Return the object that is sent."""
        return {
            "text": self.text,
            "hypotheses": [{"text": h.text, "score": h.score} for h in self.hypotheses],
            "model": self.model,
            "timings_ms": dict(self.timings_ms),
        }


def parse_speech_metadata(data: bytes) -> SpeechMetadata:
    """Parse metadata; `VerifierRefusedError` has the status and names the field at fault."""
    fields = metadata_fields(data)
    found = SpeechMetadata(
        request_id=request_id_of(fields),
        wake_word=fields.string("wake_word", ""),
        format=sample_format_of(fields.section("format")),
    )
    if len(found.wake_word) > 64:
        raise fields.wrong("wake_word", "must have at most 64 characters")
    return found
