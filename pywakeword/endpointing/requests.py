"""`RequestListener`: wake words, and what was said after each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pywakeword.audio.pcm import Pcm, as_pcm
from pywakeword.audio.source import PcmBlock
from pywakeword.endpointing.repair.frames import Repair
from pywakeword.endpointing.truncation import TruncationCheck
from pywakeword.endpointing.utterance import Outcome, Utterance, UtteranceJoiner
from pywakeword.events import Detection, EndpointEvent, NoSpeech
from pywakeword.wakeword import WakeWord

_BLOCK = 160  # a detection falls on whole frames; so do the decisions then, however cut
_PIECE = 8 * _BLOCK  # the spotter hears no more before the endpointer does, too
# Speech that began so shortly before a wake word is the wake word.
_WORD_ITSELF_SAMPLES = 4000


class AnyEndpointer(Protocol):
    """`Endpointer` or `TwoPassEndpointer`."""

    @property
    def grace_ms(self) -> float:
        """How long after an `End` speech is `Resumed`."""

    def process(self, pcm: Pcm) -> list[EndpointEvent]:
        """Consume audio."""

    def start_after_wake_word(self, detection: Detection | int) -> list[EndpointEvent]:
        """Listen for what follows a wake word."""

    def close(self) -> list[EndpointEvent]:
        """End the utterance that is open."""

    def reset(self) -> None:
        """Start a new stream."""

    def share_front_end(self, spotter: WakeWord) -> bool:
        """Compute the front end once for both."""


@dataclass(frozen=True)
class Request:
    """A wake word and what followed.

    Attributes
    ----------
    detection : Detection
        The wake word.
    outcome : Utterance or NoSpeech
        What was said, or that nothing was; then the reason is "no_speech_timeout",
        "wake_word" (the next one came first) or "closed".
    repair : Repair or None
        What the hook of `TruncationCheck` gave; None where it was not called.
    """

    detection: Detection
    outcome: Outcome
    repair: Repair | None = None


class RequestListener:
    """Feeds one stream to a wake word detector and to an endpointer.

    Every detection is followed by exactly one `Request`, when its utterance is final.
    Speech that no wake word precedes is not reported. Equal samples give equal results,
    however they are cut. One object is one stream: feed it from one thread.

    Parameters
    ----------
    spotter : WakeWord
        Hears the wake words.
    endpointer : Endpointer or TwoPassEndpointer
        Hears the ends. The front end is computed once for both.
    grace_ms : float, optional
        Default: that of the endpointer.
    truncation : TruncationCheck, optional
        Asked about each utterance when its grace period is over.
    """

    def __init__(
        self,
        spotter: WakeWord,
        endpointer: AnyEndpointer,
        *,
        grace_ms: float | None = None,
        truncation: TruncationCheck | None = None,
    ) -> None:
        self._spotter = spotter
        self._endpointer = endpointer
        self._truncation = truncation
        self._joiner = UtteranceJoiner(endpointer.grace_ms if grace_ms is None else grace_ms)
        # What is kept of the audio is cut off by the piece.
        self._piece = _PIECE if truncation is None else _BLOCK
        endpointer.share_front_end(spotter)
        self.reset()

    def reset(self) -> None:
        """Start a new stream: forget all audio, count samples from 0 again."""
        self._spotter.reset()
        self._endpointer.reset()
        self._joiner.reset()
        if self._truncation is not None:
            self._truncation.reset()
        self._now = 0
        self._awaited: Detection | None = None

    def process(self, pcm: Pcm) -> list[Detection | Request]:
        """Consume audio; return the wake words heard and the requests that became final."""
        samples = as_pcm(pcm)
        found: list[Detection | Request] = []
        begin = 0
        while begin < len(samples):
            piece = samples[begin : begin + self._piece - self._now % self._piece]
            begin += len(piece)
            self._hear(piece, found)
        return found

    def _hear(self, piece: PcmBlock, found: list[Detection | Request]) -> None:
        for detection in self._spotter.process(piece):
            # The endpointer learns of the word at the end of its block.
            heard = -(-detection.detected_sample // _BLOCK) * _BLOCK - self._now
            self._listen(piece[:heard], found)
            piece = piece[heard:]
            found += self._interrupt(detection)
            found.append(detection)
            self._awaited = detection
            found += self._follow(self._endpointer.start_after_wake_word(detection))
        self._listen(piece, found)

    def _listen(self, part: PcmBlock, found: list[Detection | Request]) -> None:
        if not len(part):
            return
        self._now += len(part)
        if self._truncation is not None:
            self._truncation.hear(part)
        events = self._endpointer.process(part)
        if events or self._joiner.waits:
            found += self._follow(events)

    def close(self) -> list[Request]:
        """End the stream: the last request, if one is open."""
        found = self._follow(self._endpointer.close())
        found += self._answer(self._joiner.close())
        if self._awaited is not None:
            found += self._answer([NoSpeech(self._now, self._now, "closed")])
        return found

    def _follow(self, events: list[EndpointEvent]) -> list[Request]:
        return self._answer(self._joiner.push(events, self._now))

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
        """Finish the request of the previous wake word: the next one was heard."""
        requests = self._answer(self._joiner.close())
        start, word = self._joiner.open_since, detection.start_sample
        self._joiner.reset()
        outcome: Outcome
        if start is not None and start < word - _WORD_ITSELF_SAMPLES:
            outcome = Utterance(start, word, detection.detected_sample, "wake_word")
        else:
            outcome = NoSpeech(word, detection.detected_sample, "wake_word")
        return requests + self._answer([outcome])
