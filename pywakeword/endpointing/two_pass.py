"""`TwoPassEndpointer`: pauses are candidates for the end; an arbitrator decides on each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pywakeword._checks import NotCopied, check_number, check_type
from pywakeword.audio.history import AudioHistory
from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm, as_pcm
from pywakeword.endpointing.arbitrator import NetworkArbitrator
from pywakeword.endpointing.endpointer import Endpointer, EndpointRule
from pywakeword.endpointing.interfaces import Arbitrator, EosPosterior, EosSource
from pywakeword.endpointing.judge import NetworkJudge
from pywakeword.endpointing.policy import WaitPolicy
from pywakeword.endpointing.recognisers.encoder import StreamingEncoder
from pywakeword.endpointing.recognisers.transcribing import TranscribingSource
from pywakeword.endpointing.recognisers.transcript_arbitrator import TranscriptArbitrator
from pywakeword.events import (
    Detection,
    End,
    EndpointEvent,
    NoSpeech,
    PossibleEnd,
    Resumed,
    SpeechStart,
)
from pywakeword.wakeword import WakeWord

_BLOCK = 160  # decisions of the second pass fall on whole blocks of the stream
_SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
# Longer than the policy's longest wait: ends an utterance if a pause is never judged.
_LAST_RESORT = EndpointRule("silence", min_trailing_silence_ms=2000.0)
_RESERVED = ("arbitrator",)


@dataclass(frozen=True)
class Decision:
    """One answer of the arbitrator.

    Attributes
    ----------
    sample : int
        Samples consumed at the time.
    pause_start_sample : int
        Where the pause began.
    probability : float
        Probability that the utterance is over.
    eos : float
        The recogniser's own posterior at that time.
    tokens : tuple of str
        The recogniser's partial hypothesis.
    wait_ms : float
        Length of pause at which the utterance will end, unless a later answer differs.
    """

    sample: int
    pause_start_sample: int
    probability: float
    eos: float
    tokens: tuple[str, ...]
    wait_ms: float

    @property
    def pause_s(self) -> float:
        """Length of the pause at that time."""
        return (self.sample - self.pause_start_sample) / SAMPLE_RATE_HZ


class TwoPassEndpointer(NotCopied):
    """An `Endpointer` that ends an utterance as soon as an arbitrator is sure of it.

    The first pass, an `Endpointer`, finds pauses. In each pause, the arbitrator is called
    at `ask_at_ms`, and at once when the recogniser's posterior reaches `eos_threshold`.
    `policy` turns its answer into a waiting time. Speech that resumes cancels the wait.
    A `TranscribingSource` follows the pauses: it is asked when its transcript is ready, and
    if that never comes, `rules` end the utterance.

    All times are audio times. Equal samples give equal events, whatever the chunk sizes.
    One object is one stream: feed it from one thread.

    Parameters
    ----------
    eos_source : EosSource, optional
        Gets the same audio; nothing else may feed it. Default: `StreamingEncoder()`.
    arbitrator : Arbitrator, optional
        Judges the pauses. Default: `NetworkArbitrator()`, which takes the encodings of
        `StreamingEncoder` only; for Whisper tiny `TranscriptArbitrator()`, for other sources of
        transcripts `EosPosterior()`.
    policy : WaitPolicy, optional
        Turns a probability into a waiting time. Default: the bundled arbitrator's
        (its property `policy`), or `WaitPolicy()` for any other.
    ask_at_ms : sequence of float
        Lengths of pause at which the arbitrator is called, in rising order.
    eos_threshold : float
        Posterior of the recogniser at which the arbitrator is called at once.
    rules : sequence of EndpointRule
        As for `Endpointer`; they end an utterance whatever the arbitrator's answer.
    possible_end_ms, grace_ms, offset_threshold : float
        As for `Endpointer`. The grace is longer, because ends come sooner here.
    tail_s : float
        Length of audio that the arbitrator gets.
    on_decision : callable, optional
        Called with each `Decision`, for logs and plots.
    **options
        Other options of `Endpointer`.

    Raises
    ------
    MissingExtraError
        If a default is used and ONNX Runtime is not installed.
    ModelError
        If a bundled model is missing or refused. There is no fallback to a fixed pause.
    """

    _ended: End | None  # by the arbitrator; speech soon after it takes it back

    def __init__(
        self,
        *,
        eos_source: EosSource | None = None,
        arbitrator: Arbitrator | None = None,
        policy: WaitPolicy | None = None,
        ask_at_ms: Sequence[float] = (200.0, 500.0, 1200.0),
        eos_threshold: float = 0.8,
        rules: Sequence[EndpointRule] = (_LAST_RESORT,),
        possible_end_ms: float = 160.0,
        grace_ms: float = 1500.0,
        offset_threshold: float = 0.35,
        tail_s: float = 8.0,
        on_decision: Callable[[Decision], None] | None = None,
        **options: Any,
    ) -> None:
        check_type("ask_at_ms", ask_at_ms, list, tuple)
        for ms in ask_at_ms:
            check_number("ask_at_ms", ms)
        if not ask_at_ms or not all(a < b < math.inf for a, b in zip((0.0, *ask_at_ms), ask_at_ms)):
            raise ValueError(f"ask_at_ms must be positive and rise, got {tuple(ask_at_ms)}")
        check_number("eos_threshold", eos_threshold)
        check_number("tail_s", tail_s)
        if policy is not None:
            check_type("policy", policy, WaitPolicy)
        if on_decision is not None and not callable(on_decision):
            raise TypeError(f"on_decision must be callable, got {on_decision!r}")
        check_type("rules", rules, list, tuple)
        if not 0 < eos_threshold <= 1:
            raise ValueError(f"eos_threshold must be above 0 and at most 1, got {eos_threshold!r}")
        if not 0 < tail_s <= 60:
            raise ValueError(f"tail_s must be above 0 and at most 60, got {tail_s!r}")
        for rule in rules:
            if isinstance(rule, EndpointRule) and rule.name in _RESERVED:
                raise ValueError(f"a rule cannot be named {rule.name!r}")
        self._pauses = Endpointer(
            rules=rules,
            possible_end_ms=possible_end_ms,
            grace_ms=grace_ms,
            offset_threshold=offset_threshold,
            **options,
        )
        self._offset_threshold = offset_threshold
        self._eos_source = StreamingEncoder() if eos_source is None else eos_source
        # It transcribes when a pause may be the end; other sources process all audio.
        self._transcriber = eos_source if isinstance(eos_source, TranscribingSource) else None
        self._arbitrator = self._default_arbitrator() if arbitrator is None else arbitrator
        if policy is None and isinstance(self._arbitrator, NetworkJudge):
            policy = self._arbitrator.policy
        self._policy = WaitPolicy() if policy is None else policy
        self._ask_at = tuple(round(ms * _SAMPLES_PER_MS) for ms in ask_at_ms)
        self._eos_threshold = eos_threshold
        self._grace_ms = grace_ms
        self._grace = round(grace_ms * _SAMPLES_PER_MS)
        self._on_decision = on_decision
        self._tail = AudioHistory(max(1, round(tail_s * SAMPLE_RATE_HZ)))
        self._forget()

    def process(self, pcm: Pcm) -> list[EndpointEvent]:
        """Consume audio and return the events decided in it; see `Endpointer.process`."""
        samples = as_pcm(pcm)
        found: list[EndpointEvent] = []
        begin = 0
        while begin < len(samples):
            part = samples[begin : begin + _BLOCK - self._now % _BLOCK]
            begin += len(part)
            self._now += len(part)
            self._tail.append(part)
            self._eos_source.process(part)
            raw, posteriors = self._pauses.process_with_probabilities(part)
            # The first word after a pause must not end the utterance while it is still too
            # short to be `Resumed`.
            if len(posteriors):
                self._is_speech = bool(posteriors[-1] >= self._offset_threshold)
            events = self._first_pass(raw)
            self._follow(events)
            if self._now % _BLOCK == 0:
                events += self._second_pass()
            found += events
        return found

    def start_after_wake_word(self, detection: Detection | int) -> list[EndpointEvent]:
        """Listen for the utterance that follows a wake word; see `Endpointer`."""
        raw = self._pauses.start_after_wake_word(detection)
        self._ended = None
        self._awaited = True
        self._close_pause()
        if self._transcriber is not None:
            self._transcriber.begin(detection)
        events = self._first_pass(raw)
        self._follow(events)
        return events

    def share_front_end(self, spotter: WakeWord) -> bool:
        """Compute the front end once for both; see `Endpointer.share_front_end`."""
        return self._pauses.share_front_end(spotter)

    def close(self) -> list[EndpointEvent]:
        """End the utterance that is still open, at the end of the stream."""
        events = self._first_pass(self._pauses.close())
        self._follow(events)
        return events

    def reset(self) -> None:
        """Start a new stream: forget all audio, count samples from 0 again."""
        self._pauses.reset()
        self._eos_source.reset()
        self._forget()

    @property
    def eos_source(self) -> EosSource:
        """The recogniser in use."""
        return self._eos_source

    @property
    def policy(self) -> WaitPolicy:
        """The policy in use."""
        return self._policy

    @property
    def rules(self) -> tuple[EndpointRule, ...]:
        """The rules in use."""
        return self._pauses.rules

    @property
    def grace_ms(self) -> float:
        """Speech within this time after an `End` is `Resumed`."""
        return self._grace_ms

    @property
    def sample_rate(self) -> int:
        """Samples per second of the audio: 16000."""
        return SAMPLE_RATE_HZ

    def _default_arbitrator(self) -> Arbitrator:
        if self._transcriber is None:
            return NetworkArbitrator()
        model = self._transcriber.arbitrator_model
        return EosPosterior() if model is None else TranscriptArbitrator(model)

    def _forget(self) -> None:
        self._now = 0
        self._tail.reset()
        self._is_speech = False
        self._ended = None
        self._awaited = True  # no speech since the start or the wake word
        self._close_pause()

    def _follow(self, events: list[EndpointEvent]) -> None:
        if self._transcriber is not None:
            self._transcriber.follow(events)

    def _close_pause(self) -> None:
        self._pause_start: int | None = None
        self._asked = 0
        self._eos_asked = False
        self._wait: int | None = None

    def _first_pass(self, raw: list[EndpointEvent]) -> list[EndpointEvent]:
        events: list[EndpointEvent] = []
        for event in raw:
            if isinstance(event, NoSpeech):
                # After an End there is no timeout for the next utterance.
                if self._awaited:
                    events.append(event)
                continue
            if isinstance(event, (SpeechStart, Resumed)):
                self._close_pause()
                event = self._taken_back(event)
                self._ended, self._awaited = None, False
            elif isinstance(event, PossibleEnd):
                self._pause_start = event.sample
            elif isinstance(event, End):
                self._close_pause()
            events.append(event)
        return events

    def _taken_back(self, event: EndpointEvent) -> EndpointEvent:
        """Turn speech soon after an End of the arbitrator into `Resumed`."""
        if self._ended is None or event.sample - self._ended.decided_sample > self._grace:
            return event
        return Resumed(event.sample, event.decided_sample, "speech")

    def _second_pass(self) -> list[EndpointEvent]:
        if self._pause_start is None:
            return []
        pause = self._now - self._pause_start
        due = self._asked < len(self._ask_at) and pause >= self._ask_at[self._asked]
        if due or not self._eos_asked:
            self._ask(pause, due)
        if self._wait is None or pause < self._wait or self._is_speech:
            return []
        end = End(self._pause_start, self._now, "arbitrator")
        self._close_pause()
        # The first pass still has an utterance open: make it wait for the next one.
        raw = self._pauses.start_after_wake_word(end.sample)
        self._ended = end
        return [end, *self._first_pass(raw)]

    def _ask(self, pause: int, due: bool) -> None:
        if self._transcriber is not None and not self._transcriber.ready:
            return  # asked again in the next block
        encoding = self._eos_source.encoding()
        sure = encoding.eos >= self._eos_threshold
        if not due and not sure:
            return
        while self._asked < len(self._ask_at) and pause >= self._ask_at[self._asked]:
            self._asked += 1
        self._eos_asked = self._eos_asked or sure
        _, tail = self._tail.cut(0, self._now)
        probability = float(self._arbitrator.probability(encoding, tail, pause / SAMPLE_RATE_HZ))
        wait_ms = self._policy.wait_ms(probability)
        self._wait = round(wait_ms * _SAMPLES_PER_MS)
        if self._on_decision is not None and self._pause_start is not None:
            self._on_decision(
                Decision(
                    self._now,
                    self._pause_start,
                    probability,
                    encoding.eos,
                    encoding.tokens,
                    wait_ms,
                )
            )
