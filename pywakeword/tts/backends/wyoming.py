"""Wyoming text-to-speech services: Piper, Home Assistant's cloud and others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable
from typing import TYPE_CHECKING

from pywakeword._async import closing
from pywakeword._extras import require
from pywakeword._wyoming import WyomingConnection, check_uri
from pywakeword.errors import (
    ServiceRefusedError,
    ServiceTimeoutError,
    ServiceTruncatedError,
)
from pywakeword.tts.backends.audio_bytes import PcmBytes
from pywakeword.tts.backends.base import DEFAULT_TIMEOUT_S, Backend
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.ssml import Ssml

if TYPE_CHECKING:
    from wyoming.event import Event
    from wyoming.info import TtsProgram
    from wyoming.tts import SynthesizeVoice


class WyomingBackend(Backend):
    """Speaks through `tcp://host:port`. Needs the extra `wyoming`.

    Text that is still arriving is forwarded at once if the service supports it, otherwise
    sentence by sentence. Requests for a voice that the service does not offer are refused.

    Parameters
    ----------
    uri : str
        `tcp://host:port` or `unix:///path`.
    ssml_elements : collection of str
        SSML elements that the service supports. There is no way to ask it, and a service
        without SSML would read the tags aloud, so the default is none.
    timeout_s : float
        Longest wait for the connection, and for more audio.

    Raises
    ------
    MissingExtraError
        If the package wyoming is not installed.
    ValueError
        If the address is malformed.
    """

    name = "wyoming"

    def __init__(
        self,
        uri: str,
        *,
        ssml_elements: frozenset[str] = frozenset(),
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        super().__init__(timeout_s=timeout_s)
        check_uri(uri)
        require("wyoming", "wyoming")
        self._uri = uri
        self.ssml_elements = ssml_elements
        self._programs: list[TtsProgram] | None = None

    async def speak(
        self, text: str, voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak one text."""
        async with WyomingConnection(self._uri, timeout_s=self.timeout_s) as connection:
            from wyoming.tts import Synthesize

            chosen = await self._choose_voice(connection, voice)
            text_format = "ssml" if isinstance(text, Ssml) else None
            await connection.send(Synthesize(str(text), chosen, text_format))
            async with closing(self._audio(connection)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def speak_stream(
        self, texts: AsyncIterable[str], voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak plain text that is still arriving."""
        async with WyomingConnection(self._uri, timeout_s=self.timeout_s) as connection:
            streams = await self._supports_streaming(connection)
            if streams:
                chosen = await self._choose_voice(connection, voice)
                async with closing(self._stream(connection, texts, chosen)) as chunks:
                    async for chunk in chunks:
                        yield chunk
        if not streams:
            async with closing(super().speak_stream(texts, voice, prosody)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _stream(
        self,
        connection: WyomingConnection,
        texts: AsyncIterable[str],
        voice: SynthesizeVoice | None,
    ) -> AsyncGenerator[AudioChunk, None]:
        sender = asyncio.ensure_future(_send_text(connection, texts, voice))
        reader = asyncio.ensure_future(connection.receive(timed=False))
        audio = _Groups(self._uri)
        try:
            while not audio.stopped:
                sending = not sender.done()
                done, _ = await asyncio.wait(
                    {reader, sender} if sending else {reader},
                    # Until all text is sent, the service may be waiting for more.
                    timeout=None if sending else self.timeout_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not done:
                    raise ServiceTimeoutError(f"{self._uri}: sent nothing for {self.timeout_s:g} s")
                if sender in done and not isinstance(sender.exception(), ServiceTruncatedError):
                    sender.result()  # after a broken connection, the reader still gets what arrived
                if reader in done:
                    for chunk in audio.take(reader.result()):
                        yield chunk
                    reader = asyncio.ensure_future(connection.receive(timed=False))
        finally:
            # Errors from here on result from the cancellation.
            for task in (sender, reader):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    async def _audio(self, connection: WyomingConnection) -> AsyncGenerator[AudioChunk, None]:
        audio = _Groups(self._uri)
        while not audio.ended_group:
            for chunk in audio.take(await connection.receive()):
                yield chunk

    async def _choose_voice(
        self, connection: WyomingConnection, voice: Voice
    ) -> SynthesizeVoice | None:
        from wyoming.tts import SynthesizeVoice

        if voice == Voice():
            return None
        offered = [v for program in await self._describe(connection) for v in program.voices]
        if voice.name is not None and voice.name not in {v.name for v in offered}:
            raise ServiceRefusedError(f"{self._uri} has no voice {voice.name!r}")
        return SynthesizeVoice(voice.name, voice.language, voice.speaker)

    async def _supports_streaming(self, connection: WyomingConnection) -> bool:
        programs = await self._describe(connection)
        return bool(programs and programs[0].supports_synthesize_streaming)

    async def _describe(self, connection: WyomingConnection) -> list[TtsProgram]:
        if self._programs is None:
            info = await connection.describe()
            if not info.tts:
                raise ServiceRefusedError(f"{self._uri} offers no text to speech")
            self._programs = info.tts
        return self._programs


async def _send_text(
    connection: WyomingConnection, texts: AsyncIterable[str], voice: SynthesizeVoice | None
) -> None:
    from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop

    await connection.send(SynthesizeStart(voice))
    whole = ""
    async for text in texts:
        whole += text
        await connection.send(SynthesizeChunk(text))
    # Required by the protocol, for services that do not stream.
    await connection.send(Synthesize(whole, voice))
    await connection.send(SynthesizeStop())


class _Groups:
    """Follows audio-start, audio-chunk, audio-stop groups up to synthesize-stopped."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._pcm: PcmBytes | None = None
        self.ended_group = False
        self.stopped = False

    def take(self, event: Event) -> list[AudioChunk]:
        if event.type == "audio-start":
            self._pcm = PcmBytes(self._uri, *self._format(event))
            self.ended_group = False
        elif event.type == "audio-chunk":
            if self._pcm is None:
                raise ServiceRefusedError(f"{self._uri}: audio-chunk without audio-start")
            return self._pcm.feed(event.payload or b"")
        elif event.type == "audio-stop":
            if self._pcm is not None:
                self._pcm.finish()
            self._pcm = None
            self.ended_group = True
        elif event.type == "synthesize-stopped":
            self.stopped = True
        return []

    def _format(self, event: Event) -> tuple[int, int]:
        try:
            rate, width, channels = (int(event.data[key]) for key in ("rate", "width", "channels"))
        except (KeyError, TypeError, ValueError) as error:
            raise ServiceRefusedError(f"{self._uri}: malformed audio-start: {error!r}") from error
        if width != 2:
            raise ServiceRefusedError(f"{self._uri}: {8 * width}-bit audio, 16-bit is needed")
        return rate, channels
