"""`RequestListener`: wake words, and what was said after each."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from pywakeword._checks import NotCopied, check_type
from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm
from pywakeword.endpointing.recognisers.transcribing import TranscribingSource, too_slow
from pywakeword.endpointing.recognisers.transcript import Transcript
from pywakeword.endpointing.repair.frames import Repair
from pywakeword.endpointing.repair.joining import join_texts
from pywakeword.endpointing.stream_listener import (
    FRAME_SAMPLES,
    PIECE_SAMPLES,
    AnyEndpointer,
    StreamListener,
)
from pywakeword.endpointing.truncation import TruncationCheck
from pywakeword.endpointing.utterance import Outcome, Utterance, UtteranceJoiner
from pywakeword.errors import RecogniserError
from pywakeword.events import Detection, EndpointEvent, NoSpeech
from pywakeword.wakeword import WakeWord

# Speech that began less than this before a wake word is the wake word itself.
_WORD_ITSELF_SAMPLES = 4000


@dataclass(frozen=True)
class Request:
    """A wake word and what followed.

    Attributes
    ----------
    detection : Detection
        The wake word.
    outcome : Utterance or NoSpeech
        What was said. `NoSpeech` if nothing was; its reason is then "no_speech_timeout",
        "wake_word" (the next one came first) or "closed".
    repair : Repair or None
        The result of the hook of `TruncationCheck`; None if the hook was not called.
    transcript : Transcript or None
        What the transcriber understood; None without one, without speech, and if it failed.
    transcript_error : RecogniserError or None
        Why there is no transcript: the recogniser failed, or was too slow.
    first : Request or None
        The truncated request that this one continues; see `RequestListener.listen_again`.
    """

    detection: Detection
    outcome: Outcome
    repair: Repair | None = None
    transcript: Transcript | None = None
    transcript_error: RecogniserError | None = field(default=None, compare=False)
    first: Request | None = None

    @property
    def text(self) -> str | None:
        """The transcript's text, joined with that of `first`; None without a transcript."""
        first = None if self.first is None else self.first.text
        text = None if self.transcript is None else self.transcript.text
        return text if first is None else join_texts(first, text or "")


@dataclass(frozen=True)
class _Pending:
    """A request that waits for its transcript."""

    request: Request
    transcript: Future[Transcript]
    since_sample: int


class RequestListener(NotCopied):
    """Feeds one stream to a wake word detector and to an endpointer.

    Each detection is followed by exactly one `Request`, once its utterance is final.
    Speech without a wake word before it is not reported. The results do not depend on how
    the stream is cut into calls. One object is one stream: feed it from one thread.

    Parameters
    ----------
    spotter : WakeWord
        Detects the wake words.
    endpointer : Endpointer or TwoPassEndpointer
        Finds the ends of utterances. The front end is computed once for both.
    grace_ms : float, optional
        Time after an `End` in which speech continues the utterance. Default: that of the
        endpointer.
    truncation : TruncationCheck, optional
        Checks each utterance once its grace period is over.
    transcriber : TranscribingSource, optional
        Fills in `Request.transcript`, and gives `truncation` the text. In real time, a request
        is returned when its transcript is there, or after `timeout_s` of audio without it.
    """

    def __init__(
        self,
        spotter: WakeWord,
        endpointer: AnyEndpointer,
        *,
        grace_ms: float | None = None,
        truncation: TruncationCheck | None = None,
        transcriber: TranscribingSource | None = None,
    ) -> None:
        check_type("spotter", spotter, WakeWord)
        if not hasattr(endpointer, "start_after_wake_word"):
            raise TypeError(f"endpointer must be an Endpointer, got {type(endpointer).__name__}")
        if truncation is not None:
            check_type("truncation", truncation, TruncationCheck)
        if transcriber is not None:
            check_type("transcriber", transcriber, TranscribingSource)
        self._truncation = truncation
        self._transcriber = transcriber
        self._joiner = UtteranceJoiner(endpointer.grace_ms if grace_ms is None else grace_ms)
        self._stream = StreamListener(
            spotter,
            endpointer,
            # The check keeps the newest audio: by frames, or it would depend on the cut.
            piece_samples=PIECE_SAMPLES if truncation is None else FRAME_SAMPLES,
            transcriber=transcriber,
        )
        self.reset()

    def reset(self) -> None:
        """Start a new stream: forget all audio, count samples from 0 again."""
        self._stream.reset()
        self._joiner.reset()
        if self._truncation is not None:
            self._truncation.reset()
        self._awaited: Detection | None = None
        self._first: Request | None = None
        self._pending: list[_Pending] = []

    def process(self, pcm: Pcm) -> list[Detection | Request]:
        """Consume audio; return the detections and the requests that became final."""
        found: list[Detection | Request] = []
        for heard in self._stream.process(pcm):
            if self._truncation is not None:
                self._truncation.hear(heard.pcm)
            found += self._follow(heard.events)
            if heard.detection is not None:
                found += self._interrupt(heard.detection, heard.detection.detected_sample)
                found.append(heard.detection)
                self._awaited = heard.detection
                found += self._follow(self._stream.start(heard.detection))
            found += self._transcribed()
        return found

    def listen_again(self, request: Request) -> list[Request]:
        """Listen for the rest of a truncated request, without a wake word.

        Call it after the question of `request.repair` was asked. What is said next becomes a
        `Request` with the same detection; its `first` is this one and its `text` joins both.
        """
        check_type("request", request, Request)
        found = self._interrupt(request.detection, self._stream.now)
        self._awaited, self._first = request.detection, request
        return found + self._follow(self._stream.start(self._stream.now))

    def close(self) -> list[Request]:
        """End the stream; return the last request, if one is open."""
        found = self._follow(self._stream.close())
        found += self._answer(self._joiner.close())
        if self._awaited is not None:
            now = self._stream.now
            found += self._answer([NoSpeech(now, now, "closed")])
        return found + self._transcribed(wait=True)

    def _follow(self, events: list[EndpointEvent]) -> list[Request]:
        if not events and not self._joiner.waits:
            return []
        return self._answer(self._joiner.push(events, self._stream.now))

    def _answer(self, outcomes: list[Outcome]) -> list[Request]:
        requests: list[Request] = []
        for outcome in outcomes:
            if self._awaited is not None:
                detection, self._awaited = self._awaited, None
                request = Request(detection, outcome, first=self._first)
                self._first = None
                if self._transcriber is None or not isinstance(outcome, Utterance):
                    requests.append(self._with_repair(request))
                    continue
                tail = {"tail_samples": 0} if outcome.reason == "wake_word" else {}
                transcript = self._transcriber.transcript(outcome.end_sample, **tail)
                self._pending.append(_Pending(request, transcript, self._stream.now))
        return requests + self._transcribed()

    def _transcribed(self, wait: bool = False) -> list[Request]:
        """Return the requests whose transcripts are there, or too late."""
        done: list[Request] = []
        while self._pending:
            pending = self._pending[0]
            request = self._with_transcript(pending, wait)
            if request is None:
                break
            done.append(self._with_repair(request))
            del self._pending[0]
        return done

    def _with_transcript(self, pending: _Pending, wait: bool) -> Request | None:
        assert self._transcriber is not None
        source, future = self._transcriber, pending.transcript
        if source.realtime and not wait and not future.done():
            late = self._stream.now - pending.since_sample > source.timeout_s * SAMPLE_RATE_HZ
            if not late:
                return None
            future.cancel()
            return replace(pending.request, transcript_error=too_slow(source.timeout_s))
        try:
            return replace(pending.request, transcript=source.wait_for(future))
        except RecogniserError as error:
            return replace(pending.request, transcript_error=error)

    def _with_repair(self, request: Request) -> Request:
        if self._truncation is None or not isinstance(request.outcome, Utterance):
            return request
        return replace(request, repair=self._truncation.judge(request.outcome, request.text))

    def _interrupt(self, detection: Detection, decided_sample: int) -> list[Request]:
        """End the request of the previous wake word, because the next one was detected."""
        requests = self._answer(self._joiner.close())
        start, word = self._joiner.open_since, detection.word_start_sample
        self._joiner.reset()
        outcome: Outcome
        if start is not None and start < word - _WORD_ITSELF_SAMPLES:
            outcome = Utterance(start, word, decided_sample, "wake_word")
        else:
            outcome = NoSpeech(word, decided_sample, "wake_word")
        return requests + self._answer([outcome])
