"""`RequestListener`: wake words, and what was said after each."""

from __future__ import annotations

from dataclasses import dataclass

from pywakeword._checks import NotCopied, check_type
from pywakeword.audio.pcm import Pcm
from pywakeword.endpointing.repair.frames import Repair
from pywakeword.endpointing.stream_listener import (
    FRAME_SAMPLES,
    PIECE_SAMPLES,
    AnyEndpointer,
    StreamListener,
)
from pywakeword.endpointing.truncation import TruncationCheck
from pywakeword.endpointing.utterance import Outcome, Utterance, UtteranceJoiner
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
    """

    detection: Detection
    outcome: Outcome
    repair: Repair | None = None


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
    """

    def __init__(
        self,
        spotter: WakeWord,
        endpointer: AnyEndpointer,
        *,
        grace_ms: float | None = None,
        truncation: TruncationCheck | None = None,
    ) -> None:
        check_type("spotter", spotter, WakeWord)
        if not hasattr(endpointer, "start_after_wake_word"):
            raise TypeError(f"endpointer must be an Endpointer, got {type(endpointer).__name__}")
        if truncation is not None:
            check_type("truncation", truncation, TruncationCheck)
        self._truncation = truncation
        self._joiner = UtteranceJoiner(endpointer.grace_ms if grace_ms is None else grace_ms)
        self._stream = StreamListener(
            spotter,
            endpointer,
            # The check keeps the newest audio: by frames, or it would depend on the cut.
            piece_samples=PIECE_SAMPLES if truncation is None else FRAME_SAMPLES,
        )
        self.reset()

    def reset(self) -> None:
        """Start a new stream: forget all audio, count samples from 0 again."""
        self._stream.reset()
        self._joiner.reset()
        if self._truncation is not None:
            self._truncation.reset()
        self._awaited: Detection | None = None

    def process(self, pcm: Pcm) -> list[Detection | Request]:
        """Consume audio; return the detections and the requests that became final."""
        found: list[Detection | Request] = []
        for heard in self._stream.process(pcm):
            if self._truncation is not None:
                self._truncation.hear(heard.pcm)
            found += self._follow(heard.events)
            if heard.detection is not None:
                found += self._interrupt(heard.detection)
                found.append(heard.detection)
                self._awaited = heard.detection
                found += self._follow(self._stream.start(heard.detection))
        return found

    def close(self) -> list[Request]:
        """End the stream; return the last request, if one is open."""
        found = self._follow(self._stream.close())
        found += self._answer(self._joiner.close())
        if self._awaited is not None:
            now = self._stream.now
            found += self._answer([NoSpeech(now, now, "closed")])
        return found

    def _follow(self, events: list[EndpointEvent]) -> list[Request]:
        if not events and not self._joiner.waits:
            return []
        return self._answer(self._joiner.push(events, self._stream.now))

    def _answer(self, outcomes: list[Outcome]) -> list[Request]:
        requests: list[Request] = []
        for outcome in outcomes:
            if self._awaited is not None:
                detection, self._awaited = self._awaited, None
                requests.append(Request(detection, outcome, self._repair(outcome)))
        return requests

    def _repair(self, outcome: Outcome) -> Repair | None:
        if self._truncation is None or not isinstance(outcome, Utterance):
            return None
        return self._truncation.judge(outcome)

    def _interrupt(self, detection: Detection) -> list[Request]:
        """End the request of the previous wake word, because the next one was detected."""
        requests = self._answer(self._joiner.close())
        start, word = self._joiner.open_since, detection.start_sample
        self._joiner.reset()
        outcome: Outcome
        if start is not None and start < word - _WORD_ITSELF_SAMPLES:
            outcome = Utterance(start, word, detection.detected_sample, "wake_word")
        else:
            outcome = NoSpeech(word, detection.detected_sample, "wake_word")
        return requests + self._answer([outcome])
