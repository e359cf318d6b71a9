"""`TtsClient`: speaks through any back end, and stops on request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from types import TracebackType
from typing import Union

import numpy as np

from pywakeword._async import closing
from pywakeword._checks import check_integer, check_type
from pywakeword.audio.resample import Resampler
from pywakeword.errors import ServiceRefusedError
from pywakeword.tts.backends import Backend, embedded_backend
from pywakeword.tts.directions.perform import perform
from pywakeword.tts.directions.tags import PERFORMED, elements, lowered, performed_by_ssml
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.ssml import Ssml, reduce

_QUEUED_CHUNKS = 64
_RATES_HZ = range(1000, 768_001)

TextStream = Union[AsyncIterable[str], Iterable[str]]


class TtsClient:
    """Speaks text through a back end; close it, or use it with `async with`.

    Use it in one event loop. Several texts may be in progress at once.

    Parameters
    ----------
    backend : Backend, optional
        Source of speech. Default: espeak-ng if it is installed, else flite.
    sample_rate_hz : int, optional
        Rate of all chunks. Default: the rate of the back end. Resampling needs the extra
        `audio`.

    Raises
    ------
    ServiceUnavailableError
        If no back end is given, and neither program is installed.
    """

    def __init__(
        self, backend: Backend | None = None, *, sample_rate_hz: int | None = None
    ) -> None:
        if backend is not None:
            check_type("backend", backend, Backend)
        if sample_rate_hz is not None:
            check_integer("sample_rate_hz", sample_rate_hz)
            if sample_rate_hz not in _RATES_HZ:
                raise ValueError(
                    f"sample_rate_hz must be from {_RATES_HZ[0]} to {_RATES_HZ[-1]}, "
                    f"got {sample_rate_hz!r}"
                )
        self._backend = embedded_backend() if backend is None else backend
        self._sample_rate_hz = sample_rate_hz
        self._in_progress: set[Synthesis] = set()

    @property
    def backend(self) -> Backend:
        """Source of speech."""
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
            A `str` is plain text, including tags. In an `Ssml`, elements that the back end
            cannot perform are removed; their content is spoken. `Synthesis.dropped` has them.
        voice : str or Voice, optional
            Name of a voice of the back end. Default: the back end's default.
        prosody : Prosody, optional
            Rate, pitch and volume.

        Returns
        -------
        Synthesis
            Asynchronous iterator of `AudioChunk`; synthesis starts with the first step.

        Raises
        ------
        ValueError
            If the text is empty, or the back end does not support `prosody`.
        """
        check_type("text", text, str)
        _check_voice(voice)
        self._check_prosody(prosody)
        wanted = Prosody() if prosody is None else prosody
        if not (reduce(text, ()) if isinstance(text, Ssml) else text).strip():
            raise ValueError("there is nothing to say: the text has no words")
        dropped = self.cannot_perform(text) if isinstance(text, Ssml) else ()
        if isinstance(text, Ssml) and self._backend.by_segments:
            chunks = perform(self._backend, text, _voice(voice), wanted)
        else:
            if isinstance(text, Ssml):
                text = reduce(lowered(text), self._backend.ssml_elements)
            chunks = self._backend.speak(text, _voice(voice), wanted)
        return self._start(chunks, wanted, dropped)

    def cannot_perform(self, text: Ssml) -> tuple[str, ...]:
        """Return the names of the elements in `text` that the back end cannot perform."""
        backend = self._backend
        can = performed_by_ssml(backend.ssml_elements)
        if backend.by_segments:
            can = PERFORMED if "rate" in backend.prosody_fields else PERFORMED - {"pace"}
        return tuple(name for name in elements(text) if name not in can)

    def stream(
        self,
        texts: TextStream,
        voice: str | Voice | None = None,
        prosody: Prosody | None = None,
    ) -> Synthesis:
        """Speak plain text while it arrives, for example from a language model.

        Parameters
        ----------
        texts : asynchronous or plain iterable of str
            Pieces of any length. The iteration passes on its errors.
        voice, prosody
            As for `synthesize`.

        Returns
        -------
        Synthesis
            As from `synthesize`; empty if no text arrives.
        """
        if isinstance(texts, str) or not isinstance(texts, (AsyncIterable, Iterable)):
            raise TypeError(f"texts must be an iterable of str, got {type(texts).__name__}")
        _check_voice(voice)
        self._check_prosody(prosody)
        wanted = Prosody() if prosody is None else prosody
        pieces = _each(texts)
        return self._start(self._backend.speak_stream(pieces, _voice(voice), wanted), wanted)

    def cancel(self) -> None:
        """Stop all speech in progress, without another chunk.

        Releases connections or processes of the back end. The client stays usable.
        """
        for synthesis in tuple(self._in_progress):
            synthesis.cancel()

    async def aclose(self) -> None:
        """Cancel all speech in progress and release the back end."""
        for synthesis in tuple(self._in_progress):
            await synthesis.aclose()
        await self._backend.aclose()

    def prosody_fields(self, voice: str | Voice | None = None) -> frozenset[str]:
        """Return the fields of `Prosody` that a voice of the back end supports."""
        _check_voice(voice)
        return self._backend.fields_of(_voice(voice))

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
        if prosody is not None:
            check_type("prosody", prosody, Prosody)
        for field in ("rate", "pitch"):
            value = 1.0 if prosody is None else getattr(prosody, field)
            if value != 1 and field not in self._backend.prosody_fields:
                raise ValueError(f"the back end {self._backend.name} cannot change the {field}")

    def _start(
        self,
        chunks: AsyncGenerator[AudioChunk, None],
        prosody: Prosody,
        dropped: tuple[str, ...] = (),
    ) -> Synthesis:
        converted = _convert(chunks, self._sample_rate_hz, prosody.volume)
        return Synthesis(converted, self._in_progress, dropped)


class Synthesis(AsyncIterator[AudioChunk]):
    """Speech in progress: an asynchronous iterator of `AudioChunk`.

    If the back end fails, the iteration raises a `ServiceError` after the chunks that arrived. A
    cancelled synthesis ends without an error; see `cancelled`.

    Attributes
    ----------
    dropped : tuple of str
        Elements of the text that the back end cannot perform.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[AudioChunk, None],
        in_progress: set[Synthesis],
        dropped: tuple[str, ...] = (),
    ) -> None:
        self.dropped = dropped
        self._chunks = chunks
        self._in_progress = in_progress
        self._in_progress.add(self)
        # Chunks that are ready before they are asked for.
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
        """Cancel, and wait until the back end has released its resources."""
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
        self._in_progress.discard(self)

    async def _work(self, queue: asyncio.Queue[AudioChunk | BaseException | None]) -> None:
        end: BaseException | None = None
        try:
            async with closing(self._chunks) as chunks:
                async for chunk in chunks:
                    await queue.put(chunk)
        except Exception as error:  # raised to the caller that iterates
            end = error
        await queue.put(end)


async def _convert(
    chunks: AsyncGenerator[AudioChunk, None], sample_rate_hz: int | None, volume: float
) -> AsyncGenerator[AudioChunk, None]:
    """Resample chunks to one rate, apply the volume and drop empty chunks."""
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


def _check_voice(voice: str | Voice | None) -> None:
    if voice is not None:
        check_type("voice", voice, str, Voice)


def _voice(voice: str | Voice | None) -> Voice:
    return voice if isinstance(voice, Voice) else Voice(voice)
