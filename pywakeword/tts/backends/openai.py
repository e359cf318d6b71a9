"""OpenAI's text-to-speech interface, which many servers offer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from pywakeword._async import closing
from pywakeword._checks import check_integer, check_optional, check_type
from pywakeword.tts.backends.audio_bytes import PcmBytes
from pywakeword.tts.backends.base import DEFAULT_TIMEOUT_S
from pywakeword.tts.backends.http import HttpBackend
from pywakeword.tts.speech import AudioChunk, Prosody, Voice

if TYPE_CHECKING:
    import httpx

_PCM_RATE_HZ = 24_000
_LONGEST_INPUT = 4096


class OpenAIBackend(HttpBackend):
    """`POST {url}/v1/audio/speech`, streams raw PCM. Needs the extra `http`.

    Parameters
    ----------
    url : str
        Address, with or without the `/v1`.
    api_key : str, optional
        Sent as a bearer token.
    model, default_voice : str
        Defaults.
    instructions : str, optional
        Speaking style, for models that support it.
    pcm_rate_hz : int
        Sample rate of the service's PCM, which is not part of its answer.
    transport, timeout_s
        As for `HttpBackend`.
    """

    name = "openai"
    prosody_fields = frozenset({"rate"})

    def __init__(
        self,
        url: str = "https://api.openai.com",
        *,
        api_key: str | None = None,
        model: str = "gpt-4o-mini-tts",
        default_voice: str = "alloy",
        instructions: str | None = None,
        pcm_rate_hz: int = _PCM_RATE_HZ,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        check_type("url", url, str)
        check_type("model", model, str)
        check_type("default_voice", default_voice, str)
        check_optional("api_key", api_key, str)
        check_optional("instructions", instructions, str)
        check_integer("pcm_rate_hz", pcm_rate_hz)
        if not 1000 <= pcm_rate_hz <= 768_000:
            raise ValueError(f"pcm_rate_hz must be from 1000 to 768000, got {pcm_rate_hz}")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else None
        super().__init__(
            url.rstrip("/").removesuffix("/v1"),
            timeout_s=timeout_s,
            headers=headers,
            transport=transport,
        )
        self._model = model
        self._default_voice = default_voice
        self._instructions = instructions
        self._pcm_rate_hz = pcm_rate_hz

    async def speak(
        self, text: str, voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak one text of at most 4096 characters."""
        if len(text) > _LONGEST_INPUT:
            raise ValueError(
                f"the text has {len(text)} characters, the service takes {_LONGEST_INPUT}; "
                "stream() sends it in sentences"
            )
        body: dict[str, Any] = {
            "model": self._model,
            "input": text,
            "voice": voice.name or self._default_voice,
            "response_format": "pcm",
            "speed": prosody.rate,
        }
        if self._instructions is not None:
            body["instructions"] = self._instructions
        pcm = PcmBytes(self._url, self._pcm_rate_hz)
        async with closing(self._post("/v1/audio/speech", body)) as answer:
            async for data in answer:
                for chunk in pcm.feed(data):
                    yield chunk
        pcm.finish()
