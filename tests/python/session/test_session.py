"""The parts of a session, and cases without a scene in the scripted evening."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.sounds import floor, spoken
from helpers.speech_servers import SpeechToTextService

from pywakeword import ArraySource, DeviceState, WakeWord
from pywakeword.session import (
    TRANSITIONS,
    Failed,
    PlaybackChanged,
    PlaybackMixer,
    Span,
    State,
    StateChanged,
    Transcribed,
    Trigger,
    VerdictGiven,
    VoiceSession,
)
from pywakeword.session.diagram import mermaid, renew
from pywakeword.session.machine import Machine
from pywakeword.tts import Backend, TtsClient
from pywakeword.tts.speech import AudioChunk

PAGE = Path(__file__).parents[3] / "docs" / "use" / "session.md"
ASKED = np.concatenate([spoken("computer"), floor(1.5)])


class Beep(Backend):
    """A back end that gives one second of tone, or fails if the text is "break"."""

    name = "beep"

    async def speak(self, text, voice, prosody):
        for _ in range(10):
            yield AudioChunk(np.full(1600, 1000, np.int16), 16000)
            if text == "break":
                raise ConnectionError("broken")


def run(pcm: np.ndarray = ASKED, answer=None, model: str = "computer", **options) -> list:
    async def go() -> list:
        async with TtsClient(Beep()) as tts:
            session = VoiceSession(
                ArraySource(pcm), WakeWord(model), answer, **{"tts": tts, **options}
            )
            return [event async for event in session]

    return asyncio.run(go())


def triggers(events: list) -> list[str]:
    return [event.trigger.value for event in events if isinstance(event, StateChanged)]


def saying(text):
    async def answer(utterance):
        return text

    return answer


def test_the_table_is_a_machine() -> None:
    keys = [(row.state, row.trigger) for row in TRANSITIONS]
    assert len(set(keys)) == len(keys)
    reached = {State.WAITING} | {row.target for row in TRANSITIONS}
    assert reached == set(State)
    assert {row.trigger for row in TRANSITIONS} == set(Trigger)
    # Every state but the last can be left, and can hear a word.
    for state in set(State) - {State.CLOSED}:
        assert (state, Trigger.END_OF_AUDIO) in keys
        assert (state, Trigger.CANDIDATE) in keys
    assert not [row for row in TRANSITIONS if row.state is State.CLOSED]


def test_a_trigger_out_of_place_is_an_error() -> None:
    machine = Machine()
    with pytest.raises(ValueError, match="'played' cannot happen while waiting"):
        machine.fire(Trigger.PLAYED)
    assert machine.state is State.WAITING


def test_the_diagram_in_the_docs_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renew(page) == page, "run: python -m pywakeword.session.diagram docs/use/session.md"
    arrows = re.findall(r"^    (\w+) --> (\w+): ([\w ]+)", mermaid(), re.MULTILINE)
    drawn = {(a, b, trigger.strip()) for a, b, trigger in arrows}
    assert drawn == {
        (row.state.value, row.target.value, row.trigger.value)
        for row in TRANSITIONS
        if row.trigger is not Trigger.END_OF_AUDIO
    }
    with pytest.raises(ValueError, match="no block"):
        renew("# Nothing here")


def test_mixer_spans() -> None:
    mixer = PlaybackMixer()
    assert mixer.render(0, 10)[1] == [Span(0, 10, "none")]
    mixer.play("music", np.full(25, 100, np.int16))
    mixer.play("tts", np.full(4, 1000, np.int16))
    pcm, spans = mixer.render(10, 10)
    assert spans == [Span(10, 14, "tts"), Span(14, 20, "music")]
    assert pcm.tolist() == [1100] * 4 + [100] * 6
    mixer.hold("music", True)
    assert mixer.render(20, 5)[1] == [Span(20, 25, "none")]
    mixer.hold("music", False)
    mixer.declare("alarm")
    assert mixer.render(25, 10)[1] == [Span(25, 35, "alarm")]
    mixer.stop("alarm")
    assert mixer.render(35, 10)[1] == [Span(35, 40, "music"), Span(40, 45, "none")]
    mixer.play("call", np.full(5, 32000, np.int16))
    mixer.play("alarm", np.full(5, 32000, np.int16))
    pcm, spans = mixer.render(45, 5)
    assert spans == [Span(45, 50, "call")]
    assert pcm.tolist() == [32767] * 5
    with pytest.raises(ValueError, match="playback must be one of"):
        mixer.play("noise", np.zeros(1, np.int16))


@pytest.mark.parametrize("size", [1, 7, 160, 320, 1600, 10**6])
def test_mixer_does_not_depend_on_the_cut(size: int) -> None:
    mixer = PlaybackMixer()
    mixer.play("tts", np.arange(1000, dtype=np.int16))
    rendered, heard = [], []
    for begin in range(0, 1500, size):
        pcm, spans = mixer.render(begin, min(size, 1500 - begin))
        rendered.append(pcm)
        heard += [span.playback for span in spans for _ in range(span.begin, span.end)]
    assert np.concatenate(rendered).tolist() == [*range(1000), *([0] * 500)]
    assert heard == ["tts"] * 1000 + ["none"] * 500


@pytest.mark.parametrize("answer", [None, saying(None), saying("")])
def test_nothing_to_say(answer) -> None:
    assert triggers(run(answer=answer)) == ["word", "utterance", "no answer", "end of audio"]


def test_without_a_voice() -> None:
    events = run(answer=saying("hello"), tts=None)
    assert triggers(events) == ["word", "utterance", "no answer", "end of audio"]


def test_playback_that_others_play() -> None:
    async def go() -> list:
        spotter = WakeWord("computer", device_state=DeviceState(playback="media", volume=0.3))
        session = VoiceSession(ArraySource(ASKED), spotter)
        events = []
        async for event in session:
            events.append(event)
            if isinstance(event, StateChanged) and event.after is State.LISTENING:
                session.stop("media")
                session.started("call")
        assert spotter.device_state == DeviceState(playback="call", volume=0.3)
        return events

    events = asyncio.run(go())
    assert [e.playback for e in events if isinstance(e, PlaybackChanged)] == ["media", "call"]


def test_an_answer_longer_than_the_audio_is_played_to_its_end() -> None:
    events = run(ASKED[: -len(floor(1.5)) + 4000], saying("hello"))
    assert triggers(events) == ["word", "utterance", "answer", "played", "end of audio"]
    playback = [event for event in events if isinstance(event, PlaybackChanged)]
    assert [event.playback for event in playback] == ["none", "tts", "none"]
    assert playback[2].sample - playback[1].sample == 16000


def test_a_voice_that_fails_in_the_middle() -> None:
    events = run(answer=saying("break"))
    assert triggers(events)[-3:] == ["answer", "failed", "end of audio"]
    (failure,) = [event for event in events if isinstance(event, Failed)]
    assert (failure.stage, str(failure.error)) == ("text to speech", "broken")


@pytest.mark.parametrize("policy", ["accept", "reject"])
@pytest.mark.parametrize("verdict", ["abstain", "fails", "nonsense"])
def test_without_a_verdict(policy: str, verdict: str) -> None:
    class Verifier:
        async def verify(self, detection):
            if verdict == "fails":
                raise TimeoutError("too late")
            return verdict

    events = run(verifier=Verifier(), without_verdict=policy)
    wanted = {"accept": ["accepted", "utterance", "no answer"], "reject": ["rejected"]}[policy]
    assert triggers(events) == ["candidate", *wanted, "end of audio"]
    failures = [event for event in events if isinstance(event, Failed)]
    assert len(failures) == (verdict != "abstain")
    assert len([e for e in events if isinstance(e, VerdictGiven)]) == (verdict == "abstain")


@pytest.mark.parametrize("verdict", [{"decision": "reject"}, {"accepted": False}])
def test_verdicts_may_be_objects(verdict: dict) -> None:
    class Verifier:
        async def verify(self, detection):
            return SimpleNamespace(**verdict)

    assert triggers(run(verifier=Verifier())) == ["candidate", "rejected", "end of audio"]


@pytest.mark.parametrize("says", [None, "", "BREAK"])
def test_speech_to_text(says: str | None) -> None:
    pytest.importorskip("wyoming", reason="needs the extra 'wyoming'")
    from pywakeword.wyoming import WyomingSpeechToText

    async def go() -> None:
        heard = []

        async def answer(utterance):
            heard.append((utterance.text, len(utterance.pcm) // 1600))

        async with SpeechToTextService() as service:
            service.says = says
            recogniser = WyomingSpeechToText(f"tcp://127.0.0.1:{service.port}", language="en")
            session = VoiceSession(
                ArraySource(ASKED), WakeWord("computer"), answer, speech_to_text=recogniser
            )
            events = [event async for event in session]
            assert service.texts[:2] == ["transcribe", "audio-start"]
        if says == "BREAK":
            (failure,) = [event for event in events if isinstance(event, Failed)]
            assert failure.stage == "speech to text"
            assert triggers(events)[-2] == "failed"
        elif says == "":
            assert heard == []
            assert [e.text for e in events if isinstance(e, Transcribed)] == [""]
        else:
            ((text, tenths),) = heard
            assert text == f"{tenths} tenths"

    asyncio.run(go())


@pytest.mark.parametrize("block_samples", [100, 1600, 48000])
def test_blocks_of_any_length(block_samples: int) -> None:
    async def go() -> list:
        source = ArraySource(ASKED, block_samples=block_samples)
        async with TtsClient(Beep()) as tts:
            session = VoiceSession(source, WakeWord("computer"), saying("hello"), tts=tts)
            return triggers([event async for event in session])

    assert asyncio.run(go()) == ["word", "utterance", "answer", "played", "end of audio"]


def test_a_session_is_left_early_and_runs_once() -> None:
    async def go() -> None:
        async with TtsClient(Beep()) as tts:
            session = VoiceSession(
                ArraySource(ASKED), WakeWord("computer"), saying("hello"), tts=tts
            )
            events = session.__aiter__()
            async for event in events:
                if isinstance(event, StateChanged) and event.after is State.SPEAKING:
                    break
            await events.aclose()
            with pytest.raises(ValueError, match="runs once"):
                await session.__aiter__().__anext__()

    asyncio.run(go())


@pytest.mark.parametrize("options", [{"without_verdict": "maybe"}, {"block_ms": 0}])
def test_bad_options(options: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        VoiceSession(ArraySource(ASKED), WakeWord("computer"), **options)
