"""Piper's HTTP server (`python -m piper.http_server`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from pywakeword._async import closing
from pywakeword.errors import ServiceRefusedError
from pywakeword.tts.backends.audio_bytes import WavBytes
from pywakeword.tts.backends.base import DEFAULT_TIMEOUT_S
from pywakeword.tts.backends.http import HttpBackend
from pywakeword.tts.speech import AudioChunk, Prosody, Voice

if TYPE_CHECKING:
    import httpx


class PiperBackend(HttpBackend):
    """`POST {url}/synthesize`, answers with a complete WAV. Needs the extra `http`.

    For an unknown voice the server uses its default voice, so this class looks up voices first
    and refuses unknown ones.

    Parameters
    ----------
    url : str
        Address of the server.
    transport, timeout_s
        As for `HttpBackend`.
    """

    name = "piper"
    prosody_fields = frozenset({"rate"})

    def __init__(
        self,
        url: str = "http://127.0.0.1:5000",
        *,
        transport: httpx.AsyncBaseTransport | None = None,
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
