"""Ten minutes in front of a device whose microphone records its loudspeaker, event by event.

The clock counts samples, so the test never sleeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import ClassVar

import numpy as np
import pytest

pytest.importorskip("soxr", reason="needs the extra 'audio'")

from helpers.session_script import ANSWER, FIRST, RATE, SECOND, Scene, Script, make_script, sound
from helpers.voices import require_engine

from pywakeword import DeviceState, WakeWord
from pywakeword.session import (
    Failed,
    PlaybackChanged,
    SessionEvent,
    SpokenRequest,
    State,
    StateChanged,
    UtteranceHeard,
    VirtualLoudspeaker,
    VoiceSession,
    WordHeard,
)
from pywakeword.tts import AudioChunk, Backend, EspeakBackend, TtsClient

STEP = 320  # samples that the session looks at together
ECHO, ECHO_DELAY = 0.03, 480  # what an echo canceller leaves


class Remembering(Backend):
    """espeak-ng, asked only once for each text."""

    name = "remembering"
    spoken: ClassVar[dict[str, list[AudioChunk]]] = {}

    async def speak(self, text, voice, prosody):
        require_engine("espeak-ng")
        if text not in self.spoken:
            espeak = EspeakBackend(timeout_s=60)
            self.spoken[text] = [chunk async for chunk in espeak.speak(text, voice, prosody)]
        for chunk in self.spoken[text]:
            yield chunk


class Room:
    """The microphone: the script, and what the loudspeaker plays, a little later and softer."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.played = np.zeros(len(script.pcm) + 60 * RATE, np.int16)
        self.n_played = 0
        self.loudspeaker = VirtualLoudspeaker(self._record)

    def _record(self, pcm: np.ndarray) -> None:
        self.played[self.n_played : self.n_played + len(pcm)] = pcm
        self.n_played += len(pcm)

    def __iter__(self) -> Iterator[np.ndarray]:
        for begin in range(0, len(self.script.pcm), STEP):
            direct = self.script.pcm[begin : begin + STEP].astype(float)
            if begin >= ECHO_DELAY:
                heard = self.played[begin - ECHO_DELAY : begin - ECHO_DELAY + len(direct)]
                direct += ECHO * heard
            yield np.clip(np.rint(direct), -32768, 32767).astype(np.int16)


class Evening:
    """The application, the verifier, and everything that they notice."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.room = Room(script)
        self.started: list[tuple[int, str, int]] = []  # sample, kind, length
        self.stopped: list[tuple[int, str]] = []
        self.thoughts = 0
        self.events: list[SessionEvent] = []

    def scene(self, sample: int) -> Scene:
        return [scene for begin, scene in self.script.scenes if begin <= sample][-1]

    async def verify(self, detection) -> str:
        await self.session.clock.sleep(0.1)  # of audio
        middle = (detection.start_sample + detection.end_sample) // 2
        for begin, end, word, yes in self.script.words:
            if begin <= middle <= end:
                assert word == detection.keyword
                return "accept" if yes else "reject"
        raise AssertionError(f"nobody said {detection}")

    async def answer(self, utterance: SpokenRequest):
        scene = self.scene(utterance.start_sample)
        self.thoughts += 1
        if scene.does == "nothing":
            return None
        if scene.does == "fail":
            raise LookupError("impossible")
        if scene.does == "stream":
            return self.story()
        if scene.does == "think":
            await self.session.clock.sleep(1.5)
        if scene.does == "think longer" and self.thoughts_in(scene) == 1:
            await self.session.clock.sleep(5)
        return ANSWER

    def thoughts_in(self, scene: Scene) -> int:
        count = self.__dict__.setdefault("_counts", {})
        begin = [b for b, s in self.script.scenes if b <= self.session.clock.now][-1]
        count[begin] = count.get(begin, 0) + 1
        return count[begin]

    async def story(self) -> AsyncIterator[str]:
        yield FIRST + " "
        await self.session.clock.sleep(6)
        yield SECOND

    async def play(self) -> None:
        for begin, scene in self.script.scenes:
            for at, kind, seconds in scene.plays:
                wanted = begin + round(at * RATE)
                await self.session.clock.until(lambda: self.session.clock.now >= wanted)  # noqa: B023
                pcm = sound(kind, seconds)
                self.session.play(kind, pcm)
                self.started.append((self.session.clock.now, kind, len(pcm)))

    def hush(self, event: SessionEvent) -> None:
        """What any application does: music and alarms end when somebody speaks to it."""
        if isinstance(event, StateChanged) and event.after is State.LISTENING:
            for kind in ("music", "alarm"):
                if self.room.loudspeaker.mixer.n_queued(kind):
                    self.session.stop(kind)
                    self.stopped.append((self.session.clock.now, kind))

    async def run(self) -> list[SessionEvent]:
        events = []
        spotter = WakeWord(["alexa", "computer"], device_state=DeviceState("speaker", volume=0.5))
        async with TtsClient(Remembering()) as tts:
            self.session = VoiceSession(
                self.room,
                spotter,
                self.answer,
                tts=tts,
                verifier=self,
                loudspeaker=self.room.loudspeaker,
                block_ms=1000 * STEP / RATE,
            )
            player = asyncio.ensure_future(self.play())
            async for event in self.session:
                events.append(event)
                self.hush(event)
            await player
        return events


def spoken_samples(*texts: str) -> np.ndarray:
    async def run() -> np.ndarray:
        async with TtsClient(Remembering(), sample_rate_hz=RATE) as client:
            return np.concatenate([chunk.pcm async for chunk in client.stream(texts)])

    return asyncio.run(run())


@pytest.fixture(scope="module")
def evening() -> Evening:
    evening = Evening(make_script(600))
    evening.events = asyncio.run(evening.run())
    return evening


def of(evening: Evening, kind: type) -> list:
    return [event for event in evening.events if isinstance(event, kind)]


def intervals(evening: Evening) -> list[tuple[int, int, str]]:
    changes = of(evening, PlaybackChanged)
    ends = [change.sample for change in changes[1:]] + [evening.session.clock.now]
    return [(c.sample, end, c.playback) for c, end in zip(changes, ends)]


def test_every_transition_is_as_written(evening: Evening) -> None:
    changes = of(evening, StateChanged)
    for index, (begin, scene) in enumerate(evening.script.scenes):
        end = begin + round(scene.seconds * RATE)
        found = [(c.trigger.value, c.after.value) for c in changes if begin <= c.sample < end]
        if index == len(evening.script.scenes) - 1 and found[-1:] == [("end of audio", "closed")]:
            found.pop()
        assert found == scene.expected, (scene.name, begin / RATE)
    assert (changes[-1].trigger.value, changes[-1].after) == ("end of audio", State.CLOSED)
    assert len(changes) == 1 + sum(len(scene.expected) for _, scene in evening.script.scenes)


def test_every_word_is_heard_once_and_where_it_was_said(evening: Evening) -> None:
    heard = [event.detection for event in of(evening, WordHeard)]
    assert [d.keyword for d in heard] == [word for _, _, word, _ in evening.script.words]
    for detection, (begin, end, _, _) in zip(heard, evening.script.words):
        assert begin - 0.15 * RATE <= detection.start_sample < detection.end_sample
        assert detection.end_sample <= end + 0.15 * RATE


def test_playback_is_exact_to_the_sample(evening: Evening) -> None:
    """Whatever plays begins with the first sample after the call, and ends where it ended."""
    wanted = []
    for sample, kind, length in evening.started:
        stops = [at for at, stopped in evening.stopped if stopped == kind and at > sample]
        wanted.append((sample, min([sample + length, *stops]), kind))
    found = [interval for interval in intervals(evening) if interval[2] in ("music", "alarm")]
    assert found == wanted
    assert {kind for _, _, kind in found} == {"music", "alarm"}
    assert evening.stopped  # by words during playback
    # Nothing is played in what is called silence.
    for begin, end, playback in intervals(evening):
        assert playback != "none" or not np.any(evening.room.played[begin:end])


def test_answers_are_played_whole_or_stop_at_once(evening: Evening) -> None:
    answer = spoken_samples(ANSWER)
    by_scene: dict[int, list[tuple[int, int]]] = {}
    for begin, end, playback in intervals(evening):
        if playback == "tts":
            scene_begin = [at for at, _ in evening.script.scenes if at <= begin][-1]
            by_scene.setdefault(scene_begin, []).append((begin, end))
    for begin, scene in evening.script.scenes:
        spans = by_scene.get(begin, [])
        pcm = np.concatenate(
            [evening.room.played[b:e] for b, e in spans] or [np.zeros(0, np.int16)]
        )
        if scene.name == "interrupted":
            held = next(
                e.sample
                for e in evening.events
                if isinstance(e, StateChanged) and e.after is State.INTERRUPTED and e.sample > begin
            )
            detected = [
                e.detection.detected_sample for e in of(evening, WordHeard) if e.sample == held
            ]
            assert spans[0][1] == held
            assert 0 <= held - detected[0] < STEP  # 20 ms; 200 are allowed
            np.testing.assert_array_equal(
                pcm, np.concatenate([answer[: held - spans[0][0]], answer])
            )
        elif scene.name == "not interrupted after all":
            assert len(spans) == 2
            np.testing.assert_array_equal(pcm, answer)
        elif scene.does == "stream":
            # Between the parts the loudspeaker is silent, and said to be.
            assert len(spans) == 2
            np.testing.assert_array_equal(pcm, spoken_samples(FIRST + " ", SECOND))
        elif scene.expected[-1:] == [("played", "waiting")]:
            assert len(spans) == 1
            np.testing.assert_array_equal(pcm, answer)
        else:
            assert not spans


def test_the_detector_knows_what_plays(evening: Evening) -> None:
    timeline = intervals(evening)
    states = set()
    for event in of(evening, WordHeard):
        at = event.detection.detected_sample - 1
        playing = next(name for begin, end, name in timeline if begin <= at < end)
        state = event.detection.device_state
        if playing == "tts" and state.playback == "none":
            playing = "none"  # the canceller has taken the answer away
        assert state == DeviceState("speaker", playing, 0.5)
        states.add(state.playback)
    assert states >= {"none", "music", "alarm"}


def test_utterances_hold_what_was_said(evening: Evening) -> None:
    for event in of(evening, UtteranceHeard):
        utterance = event.utterance
        assert utterance.start_sample == utterance.detection.end_sample
        assert len(utterance.pcm) == utterance.end_sample - utterance.start_sample
        assert utterance.end_sample <= event.sample
    unfinished = [begin for begin, scene in evening.script.scenes if scene.does == "think"]
    for begin in unfinished:
        first, second = [
            event.utterance
            for event in of(evening, UtteranceHeard)
            if begin <= event.sample < begin + 18 * RATE
        ]
        assert first.start_sample == second.start_sample
        assert second.end_sample > begin + 5.5 * RATE > first.end_sample


def test_failures_are_events(evening: Evening) -> None:
    failures = of(evening, Failed)
    wanted = sum(scene.does == "fail" for _, scene in evening.script.scenes)
    assert [failure.stage for failure in failures] == ["application"] * wanted
    assert all(str(failure.error) == "impossible" for failure in failures)


def test_the_same_evening_again(evening: Evening) -> None:
    short = make_script(120)
    first, second = (asyncio.run(Evening(short).run()) for _ in range(2))
    assert first == second
    assert len(first) > 30
