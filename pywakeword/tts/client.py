"""`TtsClient`: one way to speak through any back end, and to fall silent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from types import TracebackType
from typing import Union

import numpy as np

from pywakeword._async import closing
from pywakeword.audio.resample import Resampler
from pywakeword.errors import ServiceRefusedError
from pywakeword.tts.backends import Backend, embedded_backend
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.ssml import Ssml, reduce

_QUEUED_CHUNKS = 64

TextStream = Union[AsyncIterable[str], Iterable[str]]


class TtsClient:
    """Speaks text through a back end; close it, or use it with `async with`.

    Belongs to one event loop. Several texts may be under way at once.

    Parameters
    ----------
    backend : Backend, optional
        Where speech comes from; espeak-ng or flite, whichever is installed, if
        left out.
    sample_rate_hz : int, optional
        Rate of all chunks; the back end's own if left out. Another than that
        needs the extra `audio`.

    Raises
    ------
    ServiceUnavailableError
        If no back end is given and none is installed.
    """

    def __init__(
        self, backend: Backend | None = None, *, sample_rate_hz: int | None = None
    ) -> None:
        self._backend = embedded_backend() if backend is None else backend
        self._sample_rate_hz = sample_rate_hz
        self._under_way: set[Synthesis] = set()

    @property
    def backend(self) -> Backend:
        """Where speech comes from."""
        return self._backend

    def synthesize(
        self,
        text: str | Ssml,
        voice: str | Voice | None = None,
        prosody: Prosody | None = None,
    ) -> Synthesis:
        """Speak a text.

        Parameters
        ----------
        text : str or Ssml
            A `str` is plain text, tags included. Of an `Ssml`, elements that the
            back end does not understand are left out; what they enclose is spoken.
        voice : str or Voice, optional
            By the back end's names; its default if left out.
        prosody : Prosody, optional
            How to speak.

        Returns
        -------
        Synthesis
            Asynchronous iterator of `AudioChunk`; work starts with the first step.

        Raises
        ------
        ValueError
            If there is nothing to say, or the back end cannot follow `prosody`.
        """
        self._check_prosody(prosody)
        words = reduce(text, self._backend.ssml_elements) if isinstance(text, Ssml) else text
        if not words.strip():
            raise ValueError("there is nothing to say: the text is empty")
        asked = Prosody() if prosody is None else prosody
        return self._start(self._backend.speak(words, _voice(voice), asked), asked)

    def stream(
        self,
        texts: TextStream,
        voice: str | Voice | None = None,
        prosody: Prosody | None = None,
    ) -> Synthesis:
        """Speak plain text while it still arrives, as from a language model.

        Parameters
        ----------
        texts : asynchronous or plain iterable of str
            Pieces of any length. What it raises is raised by the iteration.
        voice, prosody
            As for `synthesize`.

        Returns
        -------
        Synthesis
            As of `synthesize`; empty if no text comes.
        """
        self._check_prosody(prosody)
        asked = Prosody() if prosody is None else prosody
        pieces = _each(texts)
        return self._start(self._backend.speak_stream(pieces, _voice(voice), asked), asked)

    def cancel(self) -> None:
        """Fall silent: whatever is under way ends without a further chunk.

        The back end's connection or process is released. The client stays usable.
        """
        for synthesis in tuple(self._under_way):
            synthesis.cancel()

    async def aclose(self) -> None:
        """Cancel what is under way and release the back end."""
        for synthesis in tuple(self._under_way):
            await synthesis.aclose()
        await self._backend.aclose()

    async def __aenter__(self) -> TtsClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _check_prosody(self, prosody: Prosody | None) -> None:
        for field in ("rate", "pitch"):
            asked = 1.0 if prosody is None else getattr(prosody, field)
            if asked != 1 and field not in self._backend.prosody:
                raise ValueError(f"the back end {self._backend.name} cannot change the {field}")

    def _start(self, chunks: AsyncGenerator[AudioChunk, None], prosody: Prosody) -> Synthesis:
        converted = _convert(chunks, self._sample_rate_hz, prosody.volume)
        return Synthesis(converted, self._under_way)


class Synthesis(AsyncIterator[AudioChunk]):
    """Speech under way: an asynchronous iterator of `AudioChunk`.

    A back end that fails raises a `ServiceError` here, after the chunks that it
    gave. A cancelled synthesis just ends; `cancelled` tells it from a finished one.
    """

    def __init__(self, chunks: AsyncGenerator[AudioChunk, None], under_way: set[Synthesis]) -> None:
        self._chunks = chunks
        self._under_way = under_way
        self._under_way.add(self)
        # Work goes on ahead of the listener, by this much.
        self._queue: asyncio.Queue[AudioChunk | BaseException | None] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._over = False
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled before its end."""
        return self._cancelled

    def cancel(self) -> None:
        """End without a further chunk; no effect after the end."""
        if self._over:
            return
        self._cancelled = True
        self._finish()
        if self._worker is not None:
            self._worker.cancel()
        if self._queue is not None:
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)

    async def aclose(self) -> None:
        """Cancel, and wait until the back end has let go."""
        self.cancel()
        if self._worker is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        else:
            await self._chunks.aclose()

    def __aiter__(self) -> Synthesis:
        return self

    async def __anext__(self) -> AudioChunk:
        if self._over:
            raise StopAsyncIteration
        if self._queue is None:
            self._queue = asyncio.Queue(_QUEUED_CHUNKS)
            self._worker = asyncio.ensure_future(self._work(self._queue))
        try:
            item = await self._queue.get()
        except asyncio.CancelledError:
            self.cancel()
            raise
        if isinstance(item, AudioChunk) and not self._over:
            return item
        self._finish()
        if isinstance(item, BaseException):
            raise item
        raise StopAsyncIteration

    def _finish(self) -> None:
        self._over = True
        self._under_way.discard(self)

    async def _work(self, queue: asyncio.Queue[AudioChunk | BaseException | None]) -> None:
        end: BaseException | None = None
        try:
            async with closing(self._chunks) as chunks:
                async for chunk in chunks:
                    await queue.put(chunk)
        except Exception as error:  # raised where the listener is
            end = error
        await queue.put(end)


async def _convert(
    chunks: AsyncGenerator[AudioChunk, None], sample_rate_hz: int | None, volume: float
) -> AsyncGenerator[AudioChunk, None]:
    """Bring chunks to one rate and to the volume asked for; drop empty ones."""
    resampler: Resampler | None = None
    rate_hz = to_hz = 0
    async with closing(chunks) as source:
        async for chunk in source:
            if chunk.sample_rate_hz != rate_hz:
                if rate_hz and sample_rate_hz is None:
                    raise ServiceRefusedError(
                        f"the sample rate changed from {rate_hz} to {chunk.sample_rate_hz} Hz; "
                        "give TtsClient a sample_rate_hz"
                    )
                if resampler is not None and len(rest := resampler.finish()):
                    yield _louder(AudioChunk(rest, to_hz), volume)
                rate_hz = chunk.sample_rate_hz
                to_hz = rate_hz if sample_rate_hz is None else sample_rate_hz
                resampler = Resampler(rate_hz, to_hz)
            assert resampler is not None
            if len(pcm := resampler.process_int16(chunk.pcm)):
                yield _louder(AudioChunk(pcm, to_hz), volume)
    if resampler is not None and len(rest := resampler.finish()):
        yield _louder(AudioChunk(rest, to_hz), volume)


def _louder(chunk: AudioChunk, volume: float) -> AudioChunk:
    if volume == 1:
        return chunk
    scaled = np.clip(np.rint(chunk.pcm * volume), -32768, 32767).astype(np.int16)
    return AudioChunk(scaled, chunk.sample_rate_hz)


async def _each(texts: TextStream) -> AsyncGenerator[str, None]:
    if isinstance(texts, AsyncIterable):
        async for text in texts:
            yield text
    else:
        for text in texts:
            yield text


def _voice(voice: str | Voice | None) -> Voice:
    return voice if isinstance(voice, Voice) else Voice(voice)
