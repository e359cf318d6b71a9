"""Transcripts of one stream: partial ones while it speaks, and a final one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import numpy as np
import numpy.typing as npt

from pywakeword.audio.source import PcmBlock
from pywakeword.endpointing.frame_batcher import FrameBatch, FrameBatcher
from pywakeword.errors import VerifierUnavailableError
from pywakeword.verifier.server.transcription.batch import Speech
from pywakeword.verifier.server.transcription.messages import Transcription

FRAME_SAMPLES = 160
_MAX_FRAMES = 100  # a partial transcript each second of speech
_SPEECH_FROM = 0.5

Transcribe = Callable[[Speech], Awaitable[Transcription]]
OnPartial = Callable[[Transcription], Awaitable[None]]


class StreamTranscripts:
    """Gathers the speech of a stream in a `FrameBatcher`, and transcribes it batch by batch.

    A full batch gives a partial transcript, unless one is still being made. A pause gives one
    at once: if nothing more is said, it is the final transcript. So the final transcript is
    usually there when the end of the speech is decided.

    Parameters
    ----------
    transcribe : coroutine function
        Returns a transcript; it does its own batching over streams.
    on_partial : coroutine function
        Called with each partial transcript that differs from the one before.
    before : ndarray of int16
        Speech before the first frame: the wake word.
    wake_word : str
        Is taken off the transcripts.
    timeout_s : float
        Longest wait for the final transcript.
    """

    def __init__(
        self,
        transcribe: Transcribe,
        on_partial: OnPartial,
        before: PcmBlock,
        wake_word: str,
        *,
        timeout_s: float = 10.0,
    ) -> None:
        self._transcribe = transcribe
        self._on_partial = on_partial
        self._wake_word = wake_word
        self._timeout_s = timeout_s
        self._batcher = FrameBatcher(_MAX_FRAMES, max_wait_ms=10.0 * _MAX_FRAMES)
        self._audio = [before]
        self._waiting: PcmBlock = np.zeros(0, np.int16)  # without a probability yet
        self._said_more = False  # since the newest task began
        self._newest: asyncio.Task[Transcription] | None = None
        self._shown = ""
        self._over = False

    def add(self, pcm: PcmBlock, probabilities: npt.NDArray[np.float32]) -> None:
        """Take audio, and the probability of speech of each frame of 10 ms that is complete."""
        self._waiting = np.concatenate([self._waiting, pcm])
        n_frames = min(len(probabilities), len(self._waiting) // FRAME_SAMPLES)
        frames = self._waiting[: n_frames * FRAME_SAMPLES].reshape(-1, 1, FRAME_SAMPLES)
        self._waiting = self._waiting[n_frames * FRAME_SAMPLES :]
        for frame, spoken in zip(frames, probabilities[:, None] >= _SPEECH_FROM):
            self._said_more |= bool(spoken)
            for batch in self._batcher.push(frame, spoken):
                self._take(batch)

    async def finish(self) -> Transcription:
        """Return the transcript of all that was said.

        Raises
        ------
        VerifierUnavailableError
            "busy" if too many wait, "timeout" if the recogniser is too slow.
        """
        self._over = True
        self._audio += [batch.frames.reshape(-1) for batch in self._batcher.close()]
        self._audio.append(self._waiting)
        if self._said_more or (self._newest is not None and _failed(self._newest)):
            self._start()
        if self._newest is None:
            return Transcription((), "")
        try:
            return await asyncio.wait_for(self._newest, self._timeout_s)
        except asyncio.TimeoutError:
            raise VerifierUnavailableError(
                "timeout", f"the recogniser gave no transcript within {self._timeout_s:g} s"
            ) from None

    async def aclose(self) -> None:
        """Cancel what is under way."""
        self._over = True
        if self._newest is not None:
            self._newest.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._newest

    def _take(self, batch: FrameBatch) -> None:
        self._audio.append(batch.frames.reshape(-1))
        idle = self._newest is None or self._newest.done()
        if self._said_more and (idle or batch.reason == "pause"):
            self._start()

    def _start(self) -> None:
        if self._newest is not None:
            self._newest.cancel()  # if it still waits, it is dropped
        self._said_more = False
        speech = Speech(np.concatenate(self._audio), self._wake_word)
        self._newest = asyncio.create_task(self._run(speech))
        self._newest.add_done_callback(_failed)  # a failure that nobody awaits is no warning

    async def _run(self, speech: Speech) -> Transcription:
        found = await self._transcribe(speech)
        if not self._over and found.text != self._shown:
            self._shown = found.text
            await self._on_partial(found)
        return found


def _failed(task: asyncio.Task[Transcription]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
