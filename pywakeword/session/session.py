"""`VoiceSession`: wake word, verifier, utterance, application, spoken answer."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Literal

import numpy as np

from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm, as_pcm
from pywakeword.audio.source import AudioSource, PcmBlock
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.endpointing.requests import AnyEndpointer
from pywakeword.events import Detection, End, EndpointEvent, NoSpeech, Resumed
from pywakeword.measure.scanning import TRAILING_SILENCE_SAMPLES
from pywakeword.session.answering import Answering
from pywakeword.session.clock import SampleClock
from pywakeword.session.events import (
    Failed,
    PlaybackChanged,
    SessionEvent,
    StateChanged,
    Utterance,
    UtteranceHeard,
    VerdictGiven,
    WordHeard,
)
from pywakeword.session.history import History
from pywakeword.session.loudspeaker import Loudspeaker, VirtualLoudspeaker
from pywakeword.session.machine import Action, Machine, State, Trigger
from pywakeword.session.partners import Application, SpeechToText, Verifier, decision_of
from pywakeword.session.playback import KINDS
from pywakeword.tts.client import TtsClient
from pywakeword.tts.speech import Prosody, Voice
from pywakeword.wakeword import WakeWord

# What an Endpointer can look back to, less what may pass until it is asked.
_HISTORY_SAMPLES = round(9.5 * SAMPLE_RATE_HZ)
_UTTERANCE_TAIL_SAMPLES = SAMPLE_RATE_HZ // 5
_DECISIONS = {
    "accept": Trigger.ACCEPTED,
    "reject": Trigger.REJECTED,
}


class VoiceSession:
    """The whole loop, as an asynchronous iterator of `SessionEvent`.

    Time is that of the audio. On a file, equal audio and equal answers give equal
    events: the session waits for whatever it has asked for before it reads on. With
    `realtime`, audio is read as it comes and nothing is waited for.

    Parameters
    ----------
    source : AudioSource
        What the microphone hears.
    spotter : WakeWord
        Finds the wake word. Its `device_state.playback` is set by the session.
    answer : async callable of Utterance, optional
        The application. Returns what to say: text, `Ssml`, an asynchronous iterator
        of text that is still being made, or None for nothing.
    tts : TtsClient, optional
        Speaks the answer; without it answers are not spoken.
    voice, prosody : optional
        As for `TtsClient.synthesize`.
    speech_to_text : SpeechToText, optional
        Fills in `Utterance.text`. If it understands nothing, nobody is asked.
    verifier : Verifier, optional
        Judges each wake word before the session listens.
    without_verdict : {"accept", "reject"}
        What holds where the verifier abstains or fails.
    endpointer : Endpointer or TwoPassEndpointer, optional
        Says when the person has finished.
    loudspeaker : Loudspeaker, optional
        Plays answers; by default into nothing, one sample for each of input.
    realtime : bool
        Whether the source gives audio as it is recorded.
    block_ms : float
        Audio is looked at in pieces of at most this length; an answer stops, at the
        latest, so long after the detection.

    Raises
    ------
    ValueError
        If an option is out of range.
    """

    def __init__(
        self,
        source: AudioSource,
        spotter: WakeWord,
        answer: Application | None = None,
        *,
        tts: TtsClient | None = None,
        voice: str | Voice | None = None,
        prosody: Prosody | None = None,
        speech_to_text: SpeechToText | None = None,
        verifier: Verifier | None = None,
        without_verdict: Literal["accept", "reject"] = "accept",
        endpointer: AnyEndpointer | None = None,
        loudspeaker: Loudspeaker | None = None,
        realtime: bool = False,
        block_ms: float = 20.0,
    ) -> None:
        if without_verdict not in _DECISIONS:
            raise ValueError(
                f"without_verdict must be 'accept' or 'reject', got {without_verdict!r}"
            )
        if not 1 <= block_ms <= 200:
            raise ValueError(f"block_ms must be from 1 to 200, got {block_ms!r}")
        self._source = source
        self._spotter = spotter
        self._verifier = verifier
        self._without_verdict = without_verdict
        self._endpointer: AnyEndpointer = Endpointer() if endpointer is None else endpointer
        self._endpointer.share_front_end(spotter)
        self._loudspeaker = VirtualLoudspeaker() if loudspeaker is None else loudspeaker
        self._realtime = realtime
        self._block_samples = round(block_ms * SAMPLE_RATE_HZ / 1000)

        self._machine = Machine()
        self._clock = SampleClock()
        self._history = History()
        self._events: list[SessionEvent] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._playback: str | None = None
        self._word: Detection | None = None
        self._answering = Answering(
            application=answer,
            speech_to_text=speech_to_text,
            tts=tts,
            voice=voice,
            prosody=prosody,
            mixer=self._loudspeaker.mixer,
            clock=self._clock,
            report=self._events.append,
            fire=self._fire,
        )
        self._started = False

    @property
    def state(self) -> State:
        """What the session is doing."""
        return self._machine.state

    @property
    def clock(self) -> SampleClock:
        """Time of the session; an application that waits for audio waits here."""
        return self._clock

    def play(self, kind: str, pcm: Pcm) -> None:
        """Play mono 16 kHz audio from the next sample on: "music", "alarm", ..."""
        self._loudspeaker.mixer.play(kind, pcm)

    def started(self, kind: str) -> None:
        """Say that something else plays on the device, until `stop` of that kind."""
        self._loudspeaker.mixer.declare(kind)

    def stop(self, kind: str) -> None:
        """Stop what `play` queued, or say that what `started` told of has ended."""
        self._loudspeaker.mixer.stop(kind)

    async def __aiter__(self) -> AsyncIterator[SessionEvent]:
        if self._started:
            raise ValueError("a session runs once; make another")
        self._started = True
        self._spotter.reset()
        self._endpointer.reset()
        if self._spotter.device_state.playback in KINDS:
            self.started(self._spotter.device_state.playback)
        try:
            async for block in self._blocks():
                for begin in range(0, len(block), self._block_samples):
                    await self._step(block[begin : begin + self._block_samples])
                    for event in self._take_events():
                        yield event
            self._fire(Trigger.END_OF_AUDIO)
            for event in self._take_events():
                yield event
        finally:
            await self._stop_all()

    async def _blocks(self) -> AsyncIterator[PcmBlock]:
        """Yield the source's audio, then silence until nothing is under way."""
        blocks = iter(self._source)
        loop = asyncio.get_running_loop()
        while True:
            if self._realtime:
                block = await loop.run_in_executor(None, _next_block, blocks)
            else:
                block = _next_block(blocks)
                await asyncio.sleep(0)  # others want to run, too
            if block is None:
                break
            yield as_pcm(block)
        yield np.zeros(TRAILING_SILENCE_SAMPLES, np.int16)
        while self._machine.state is not State.WAITING:
            yield np.zeros(self._block_samples, np.int16)
        # What was played up to here is over with the next sample.
        yield np.zeros(self._block_samples, np.int16)

    async def _step(self, block: PcmBlock) -> None:
        begin = self._clock.now
        detections: list[Detection] = []
        endpoints: list[EndpointEvent] = []
        for span in self._loudspeaker.played(begin, begin + len(block)):
            if span.playback != self._playback:
                self._change_playback(span.begin, span.playback)
            piece = block[span.begin - begin : span.end - begin]
            detections += self._spotter.process(piece)
            endpoints += self._endpointer.process(piece)
        self._history.append(block)
        self._clock.advance(len(block))
        self._forget()
        for event in endpoints:
            self._on_endpoint(event)
        for detection in detections:
            self._on_detection(detection)
        if self._realtime:
            await asyncio.sleep(0)
        elif self._tasks:
            await self._clock.settle(list(self._tasks.values()))

    def _take_events(self) -> list[SessionEvent]:
        events = list(self._events)
        self._events.clear()
        return events

    def _forget(self) -> None:
        oldest = self._clock.now - _HISTORY_SAMPLES
        if self._word is not None and self.state in (State.LISTENING, State.THINKING):
            oldest = min(oldest, self._word.end_sample)
        self._history.forget(oldest)

    def _change_playback(self, sample: int, playback: str) -> None:
        self._playback = playback
        state = self._spotter.device_state
        self._spotter.device_state = dataclasses.replace(state, playback=playback)
        self._events.append(PlaybackChanged(sample, playback))

    def _on_detection(self, detection: Detection) -> None:
        self._events.append(WordHeard(self._clock.now, detection))
        self._word = detection
        self._fire(Trigger.WORD if self._verifier is None else Trigger.CANDIDATE)

    def _on_endpoint(self, event: EndpointEvent) -> None:
        # While the device speaks, the voice that is heard is its own.
        if self.state is State.LISTENING and isinstance(event, End):
            self._fire(Trigger.UTTERANCE, self._utterance(event))
        elif self.state is State.LISTENING and isinstance(event, NoSpeech):
            self._fire(Trigger.NO_SPEECH)
        elif self.state is State.THINKING and isinstance(event, Resumed):
            self._fire(Trigger.RESUMED)

    def _utterance(self, end: End) -> Utterance:
        assert self._word is not None
        stop = min(end.sample + _UTTERANCE_TAIL_SAMPLES, self._clock.now)
        begin, pcm = self._history.cut(self._word.end_sample, stop)
        return Utterance(pcm, begin, begin + len(pcm), end.reason, self._word)

    def _fire(self, trigger: Trigger, utterance: Utterance | None = None) -> None:
        before = self._machine.state
        row = self._machine.fire(trigger)
        if utterance is not None:
            self._events.append(UtteranceHeard(self._clock.now, utterance))
        self._events.append(StateChanged(self._clock.now, trigger, before, row.target))
        mixer = self._loudspeaker.mixer
        for action in row.actions:
            if action is Action.VERIFY:
                assert self._word is not None
                self._start("verify", partial(self._verify, self._word))
            elif action is Action.LISTEN:
                self._listen()
            elif action is Action.ANSWER:
                assert utterance is not None
                self._start("answer", partial(self._answering.answer, utterance))
            elif action is Action.STOP_ANSWER:
                self._stop_answer()
            elif action is Action.HOLD:
                mixer.hold("tts", True)
            elif action is Action.RELEASE:
                mixer.hold("tts", False)
            elif action is Action.STOP_ALL:
                self._cancel("verify")
                self._stop_answer()
                for kind in KINDS:
                    mixer.stop(kind)

    def _listen(self) -> None:
        assert self._word is not None
        end = max(self._word.end_sample, self._clock.now - _HISTORY_SAMPLES)
        for event in self._endpointer.start_after_wake_word(end):
            self._on_endpoint(event)

    def _start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._cancel(name)

        async def run() -> None:
            self._clock.adopt()
            await work()

        task = asyncio.ensure_future(run())
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._forget_task(name, done))

    def _forget_task(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]

    def _cancel(self, name: str) -> None:
        task = self._tasks.get(name)
        if task is not None and task is not asyncio.current_task():
            del self._tasks[name]
            task.cancel()

    def _stop_answer(self) -> None:
        self._cancel("answer")
        self._answering.stop()

    async def _stop_all(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._stop_answer()

    async def _verify(self, detection: Detection) -> None:
        assert self._verifier is not None
        try:
            verdict = await self._verifier.verify(detection)
            decision = decision_of(verdict)
        except Exception as error:
            self._events.append(Failed(self._clock.now, "verifier", error))
            self._fire(_DECISIONS[self._without_verdict])
            return
        self._events.append(VerdictGiven(self._clock.now, detection, decision, verdict))
        self._fire(_DECISIONS.get(decision, _DECISIONS[self._without_verdict]))


def _next_block(blocks: Iterator[PcmBlock]) -> PcmBlock | None:
    return next(blocks, None)
