"""`SpeechOffer`: the text-to-speech part of the service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from pywakeword._async import closing
from pywakeword._checks import check_optional, check_type
from pywakeword._core import __version__
from pywakeword._fields import printable
from pywakeword.errors import PyWakewordError
from pywakeword.tts.client import TtsClient
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.ssml import Ssml

if TYPE_CHECKING:
    from wyoming.event import Event, Eventable
    from wyoming.info import TtsProgram

_LOG = logging.getLogger(__name__)
_MAX_TEXT = 10_000
_AT_A_TIME = 4
_CHUNK_SAMPLES = 2048


class SpeechOffer:
    """Speaks for the clients of a service, at most four at a time; the others wait.

    Parameters
    ----------
    client : TtsClient
        Speaks. It is used in the service's event loop.
    voice : Voice
        The voice that is offered; requests for another one are refused.
    prosody : Prosody, optional
        As for `TtsClient.synthesize`.
    """

    def __init__(
        self, client: TtsClient, voice: Voice | None = None, prosody: Prosody | None = None
    ) -> None:
        check_type("client", client, TtsClient)
        check_optional("voice", voice, Voice)
        check_optional("prosody", prosody, Prosody)
        self._client = client
        self._voice = Voice() if voice is None else voice
        self._prosody = prosody
        self._name = self._voice.name or client.backend.name
        self._language = self._voice.language or "en"
        self._free = asyncio.Semaphore(_AT_A_TIME)

    def program(self) -> TtsProgram:
        """Return the part of `info` about speech."""
        from wyoming.info import Attribution, TtsProgram, TtsVoice

        by = Attribution("The pywakeword authors", "https://pypi.org/project/pywakeword")
        voice = TtsVoice(
            name=self._name,
            attribution=by,
            installed=True,
            description=self._name,
            version=__version__,
            languages=[self._language],
        )
        return TtsProgram(
            name="pywakeword",
            attribution=by,
            installed=True,
            description="Speech of the device",
            version=__version__,
            voices=[voice],
        )

    async def answer(self, event: Event) -> AsyncGenerator[Eventable, None]:
        """Yield the audio of a `synthesize` event, or one error."""
        from wyoming.audio import AudioStop
        from wyoming.error import Error
        from wyoming.tts import Synthesize

        try:
            request = Synthesize.from_event(event)
            voice = request.voice
            text = self._text(request.text, request.text_format)
            if voice is not None:
                self._check_voice(voice.name, voice.language)
            async with self._free, closing(self._speak(text)) as parts:
                async for part in parts:
                    yield part
            yield AudioStop()
        except (PyWakewordError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = printable(str(error) or type(error).__name__)
            _LOG.warning("cannot speak: %s", reason)
            yield Error(reason, "synthesis-failed")

    def _text(self, text: object, text_format: object) -> str:
        if not isinstance(text, str):
            raise ValueError("the text must be a string")
        if len(text) > _MAX_TEXT:
            raise ValueError(f"the text has {len(text)} characters; at most {_MAX_TEXT} are spoken")
        kind = getattr(text_format, "value", text_format)
        if kind not in (None, "text", "ssml"):
            raise ValueError(f"text_format must be text or ssml, got {kind!r}")
        return Ssml(text) if kind == "ssml" else text

    def _check_voice(self, name: object, language: object) -> None:
        if name is not None and name != self._name:
            raise ValueError(f"no voice {name!r}; there is {self._name}")
        wanted, own = (str(code).replace("_", "-").lower() for code in (language, self._language))
        if language is not None and wanted.split("-")[0] != own.split("-")[0]:
            raise ValueError(f"no voice for the language {language!r}; there is {self._language}")

    async def _speak(self, text: str) -> AsyncGenerator[Eventable, None]:
        from wyoming.audio import AudioChunk as WyomingChunk
        from wyoming.audio import AudioStart

        synthesis = self._client.synthesize(text, self._voice, self._prosody)
        n_samples = 0
        try:
            async for chunk in synthesis:
                form = {"rate": chunk.sample_rate_hz, "width": 2, "channels": 1}
                if n_samples == 0:
                    yield AudioStart(**form, timestamp=0)
                for audio in _pieces(chunk):
                    at_ms = n_samples * 1000 // chunk.sample_rate_hz
                    yield WyomingChunk(**form, audio=audio, timestamp=at_ms)
                    n_samples += len(audio) // 2
        finally:
            await synthesis.aclose()
        if n_samples == 0:
            raise ValueError("the text has no sound")


def _pieces(chunk: AudioChunk) -> list[bytes]:
    audio = chunk.pcm.astype("<i2").tobytes()
    step = 2 * _CHUNK_SAMPLES
    return [audio[begin : begin + step] for begin in range(0, len(audio), step)]
