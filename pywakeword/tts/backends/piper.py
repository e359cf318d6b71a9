"""The HTTP server that comes with Piper (`python -m piper.http_server`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from pywakeword._async import closing
from pywakeword.errors import ServiceRefusedError
from pywakeword.tts.backends.audio_bytes import WavBytes
from pywakeword.tts.backends.base import DEFAULT_TIMEOUT_S
from pywakeword.tts.backends.http import HttpBackend
from pywakeword.tts.speech import AudioChunk, Prosody, Voice


class PiperBackend(HttpBackend):
    """`POST {url}/synthesize`, a WAV when all of it is made. Needs the extra `http`.

    The server takes its default voice for one that it does not have; so a voice that
    is asked for is looked up first, and refused here.

    Parameters
    ----------
    url : str
        Address of the server.
    transport, timeout_s
        As for `HttpBackend`.
    """

    name = "piper"
    prosody = frozenset({"rate"})

    def __init__(
        self,
        url: str = "http://127.0.0.1:5000",
        *,
        transport: Any = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        super().__init__(url, timeout_s=timeout_s, transport=transport)
        self._voices: dict[str, Any] | None = None

    async def speak(
        self, text: str, voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak one text."""
        body: dict[str, Any] = {"text": text}
        if voice.name is not None:
            await self._check_voice(voice.name)
            body["voice"] = voice.name
        if voice.speaker is not None:
            body["speaker"] = voice.speaker
        if prosody.rate != 1:
            body["length_scale"] = 1 / prosody.rate
        wav = WavBytes(self._url)
        async with closing(self._post("/synthesize", body)) as answer:
            async for data in answer:
                for chunk in wav.feed(data):
                    yield chunk
        wav.finish()

    async def _check_voice(self, name: str) -> None:
        if self._voices is None:
            voices = await self._get_json("/voices")
            if not isinstance(voices, dict):
                raise ServiceRefusedError(f"{self._url}/voices: not a list of voices")
            self._voices = voices
        if name not in self._voices:
            raise ServiceRefusedError(
                f"{self._url} has no voice {name!r}; it has {', '.join(sorted(self._voices))}"
            )
