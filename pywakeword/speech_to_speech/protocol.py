"""What every speech-to-speech partner offers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass, field
from typing import Protocol, Union

from pywakeword.audio.source import PcmBlock
from pywakeword.tts.speech import AudioChunk


@dataclass(frozen=True)
class PersonSaid:
    """The transcript of what the person said."""

    text: str


@dataclass(frozen=True)
class VoiceSaid:
    """A piece of the answer's transcript, about when it is spoken."""

    text: str


@dataclass(frozen=True)
class Speech:
    """A piece of the answer's audio."""

    chunk: AudioChunk


@dataclass(frozen=True)
class Timing:
    """Where the time went, from the end of the person's speech to the first audio.

    Attributes
    ----------
    parts : dict of str to float
        Seconds of each part, in their order.
    first_audio_s : float
        From the end of the speech to the first audio.
    """

    parts: dict[str, float] = field(compare=False)
    first_audio_s: float = field(compare=False)


TurnEvent = Union[PersonSaid, VoiceSaid, Speech, Timing]


class SpeechToSpeech(Protocol):
    """Answers speech by speech, one turn at a time.

    A model with one learned encoding for both directions plugs in here: it takes the blocks as
    they come and yields `Speech`. This package does not train one.
    """

    def respond(self, speech: AsyncIterable[PcmBlock]) -> AsyncGenerator[TurnEvent, None]:
        """Take one turn of mono 16 kHz speech, which ends with the iterator; yield the answer."""
        ...

    async def interrupt(self, played_s: float) -> None:
        """End the answer in progress: the person spoke, after so much of it was played."""
        ...

    async def aclose(self) -> None:
        """Release connections and models."""
        ...
