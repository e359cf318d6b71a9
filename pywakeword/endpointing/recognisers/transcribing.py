"""`TranscribingSource`: transcribes utterances when a pause may be their end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace

import numpy as np

from pywakeword._checks import NotCopied, check_number
from pywakeword.audio.history import AudioHistory
from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm, as_pcm
from pywakeword.audio.source import PcmBlock
from pywakeword.endpointing.interfaces import Encoding
from pywakeword.endpointing.recognisers.completeness import completeness
from pywakeword.endpointing.recognisers.transcript import (
    Recogniser,
    Recognition,
    Reranker,
    Transcript,
    Word,
    check_recognition,
)
from pywakeword.endpointing.recognisers.wake_word import n_wake_words, without_wake_word
from pywakeword.endpointing.recognisers.worker import Job, WorkerThread
from pywakeword.errors import RecogniserError, RecogniserTimeoutError
from pywakeword.events import Detection, End, EndpointEvent, PossibleEnd, Resumed, SpeechStart

# Speech is reported when it has lasted a while: what is transcribed begins before it.
_BEFORE_SPEECH_SAMPLES = SAMPLE_RATE_HZ // 5
_TAIL_SAMPLES = SAMPLE_RATE_HZ // 5
_LONGEST_SAMPLES = 28 * SAMPLE_RATE_HZ
_Found = tuple[Recognition, Transcript]


class TranscribingSource(NotCopied):
    """An `EosSource` on a recogniser of whole utterances, and the transcripts of a stream.

    When an endpointer reports that a pause may be the end, what was said since the wake word
    is transcribed in a thread of its own. If speech resumes, that is cancelled. Feeding the
    stream never waits for the recogniser.

    Parameters
    ----------
    recogniser : Recogniser
        Transcribes one utterance.
    realtime : bool
        True: `encoding` returns what is known, and `ready` says whether the pause was
        transcribed. False, for files: `encoding` waits, so that results do not depend on the
        speed of the machine.
    timeout_s : float
        Longest time that `wait_for` and an `encoding` that waits take.
    reranker : Reranker, optional
        Orders the hypotheses, in the recogniser's thread.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        realtime: bool = True,
        timeout_s: float = 5.0,
        reranker: Reranker | None = None,
    ) -> None:
        if not callable(getattr(recogniser, "recognise", None)):
            raise TypeError(f"recogniser must have a method recognise, got {recogniser!r:.60}")
        check_number("timeout_s", timeout_s)
        if not 0 < timeout_s < 3600:
            raise ValueError(f"timeout_s must be above 0 and below 3600, got {timeout_s!r}")
        self._recogniser = recogniser
        self._reranker = reranker
        self._realtime = bool(realtime)
        self._timeout_s = timeout_s
        self._worker: WorkerThread[_Found] = WorkerThread("pywakeword-recogniser")
        self._history = AudioHistory(_LONGEST_SAMPLES)
        self._job: Job[_Found] | None = None
        self.reset()

    arbitrator_model: str | None = None
    """The bundled arbitrator that was trained with this recogniser; None if there is none."""

    @property
    def realtime(self) -> bool:
        """Whether `encoding` returns at once."""
        return self._realtime

    @property
    def timeout_s(self) -> float:
        """Longest time that the recogniser gets for one utterance."""
        return self._timeout_s

    def reset(self) -> None:
        """Start a new stream."""
        self._cancel()
        self._history.reset()
        self._begin: int | None = None
        self._wake_word = ""
        self._over = True  # the next speech is another utterance
        self._tokens: tuple[str, ...] = ()

    def close(self) -> None:
        """Stop the thread. A recogniser that hangs is left behind."""
        self._cancel()
        self._worker.close()

    def process(self, pcm: Pcm) -> None:
        """Consume audio; see `EosSource`."""
        self._history.append(as_pcm(pcm))

    def begin(self, after: Detection | int) -> None:
        """Transcribe what is said after a wake word, or from a sample on.

        The end of a wake word in one breath with a command is not known to the sample. So the
        recogniser gets the word too, and it is taken off the transcript.
        """
        self._cancel()
        self._over, self._tokens, self._wake_word = False, (), ""
        if isinstance(after, Detection):
            self._begin = max(0, after.start_sample - _BEFORE_SPEECH_SAMPLES)
            self._wake_word = after.keyword.replace("_", " ")
        else:
            self._begin = after

    def follow(self, events: Iterable[EndpointEvent]) -> None:
        """Take the events of the endpointer that gets the same audio."""
        for event in events:
            if isinstance(event, (SpeechStart, Resumed)):
                self._cancel()
                if self._begin is None or (self._over and isinstance(event, SpeechStart)):
                    self._begin = max(0, event.sample - _BEFORE_SPEECH_SAMPLES)
                    self._tokens, self._wake_word = (), ""
                self._over = False
            elif isinstance(event, PossibleEnd):
                self._transcribe(event.sample)
            elif isinstance(event, End):
                self._over = True
                if self._job is None or self._pause != event.sample:
                    self._transcribe(event.sample)

    @property
    def ready(self) -> bool:
        """Whether the present pause was transcribed, or can be waited for."""
        if self._job is None:
            return False
        future = self._job.future
        if not self._realtime:
            return True
        return future.done() and not future.cancelled() and future.exception() is None

    def encoding(self) -> Encoding:
        """Return the transcript's words and the encoding of the last seconds; see `EosSource`.

        Without a transcript of the present pause, the posterior is 0, the tokens are those of
        the pause before, and there are no frames.
        """
        found = self._result()
        if found is None:
            return Encoding(np.zeros((0, 0), np.float32), self._history.end, self._tokens, 0.0)
        recognition, transcript = found
        self._tokens = tuple(transcript.text.split())
        n_samples = len(recognition.frames) * recognition.frame_samples
        first = max(transcript.begin_sample, transcript.end_sample - n_samples)
        return Encoding(recognition.frames, first, self._tokens, completeness(transcript.text))

    def transcript(
        self, end_sample: int, *, tail_samples: int = _TAIL_SAMPLES
    ) -> Future[Transcript]:
        """Return the transcript of the utterance that ended there, as a future.

        It is that of the present pause if the pause began there. Otherwise the recogniser
        starts now. `wait_for` waits for it; newer speech does not cancel it.

        Parameters
        ----------
        end_sample : int
            End of the speech.
        tail_samples : int
            How much of the audio after the end is given to the recogniser.
        """
        if self._job is None or self._pause != end_sample:
            self._cancel()
            self._transcribe(end_sample, tail_samples)
        job, self._job = self._job, None
        assert job is not None
        return _second(job.future)

    def wait_for(self, transcript: Future[Transcript]) -> Transcript:
        """Wait for a transcript, not longer than `timeout_s`.

        Raises
        ------
        RecogniserError
            If the recogniser failed, was cancelled, or is too slow (`RecogniserTimeoutError`).
        """
        try:
            return transcript.result(self._timeout_s)
        except FutureTimeoutError:
            raise too_slow(self._timeout_s) from None
        except CancelledError:
            raise RecogniserError("the transcript was cancelled by newer speech") from None

    def _result(self) -> _Found | None:
        if self._job is None:
            return None
        future = self._job.future
        if self._realtime and not future.done():
            return None
        try:
            return future.result(self._timeout_s)
        except (FutureTimeoutError, CancelledError, RecogniserError):
            return None

    def _transcribe(self, pause: int, tail_samples: int = _TAIL_SAMPLES) -> None:
        begin, pcm = self._history.cut(self._begin or 0, pause + tail_samples)
        self._pause = pause
        wake_word = self._wake_word

        def work(cancelled: Callable[[], bool]) -> _Found:
            found = _recognise(self._recogniser, pcm, cancelled)
            if wake_word:
                found = _behind(found, wake_word)
            return found, _transcript(found, self._reranker, begin, begin + len(pcm))

        self._job = self._worker.submit(work)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job, self._pause = None, -1


def too_slow(timeout_s: float) -> RecogniserTimeoutError:
    """Return the error for a transcript that did not come in time."""
    return RecogniserTimeoutError(f"the recogniser gave no transcript within {timeout_s:g} s")


def _recognise(recogniser: Recogniser, pcm: PcmBlock, cancelled: Callable[[], bool]) -> Recognition:
    try:
        answer = recogniser.recognise(pcm, cancelled)
    except RecogniserError:
        raise
    except Exception as error:
        raise RecogniserError(f"the recogniser failed: {type(error).__name__}: {error}") from error
    if cancelled():
        raise CancelledError
    return check_recognition(answer)


def _behind(found: Recognition, wake_word: str) -> Recognition:
    """Take the wake word off each hypothesis."""
    behind = [
        replace(hypothesis, text=without_wake_word(hypothesis.text, wake_word))
        for hypothesis in found.hypotheses
    ]
    words = found.words
    if words:
        words = words[n_wake_words([word.text for word in words], wake_word) :]
    return replace(found, hypotheses=tuple(h for h in behind if h.text), words=words)


def _transcript(found: Recognition, reranker: Reranker | None, begin: int, end: int) -> Transcript:
    words = tuple(
        Word(word.text, begin + word.start_sample, begin + word.end_sample) for word in found.words
    )
    if reranker is None:
        return Transcript(found.hypotheses, words, begin, end)
    reranked = reranker.rerank(found.hypotheses)
    if reranked.hypotheses[:1] != found.hypotheses[:1]:
        words = ()
    return Transcript(reranked.hypotheses, words, begin, end, reranked)


def _second(future: Future[_Found]) -> Future[Transcript]:
    """Return a future of the second value."""
    second: Future[Transcript] = Future()

    def pass_on(done: Future[_Found]) -> None:
        if done.cancelled():
            second.cancel()
            return
        if not second.set_running_or_notify_cancel():
            return
        error = done.exception()
        if error is not None:
            second.set_exception(error)
        else:
            second.set_result(done.result()[1])

    future.add_done_callback(pass_on)
    return second
