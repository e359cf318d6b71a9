"""A session that is answered speech by speech."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest

pytest.importorskip("websockets", reason="needs the extra 'realtime'")
pytest.importorskip("soxr", reason="needs the extra 'audio'")

from helpers.realtime_server import RealtimeServer
from helpers.sounds import GOLDEN, floor, spoken

from pywakeword import ArraySource, WakeWord
from pywakeword.cli import main
from pywakeword.session import (
    AnswerText,
    AnswerTimed,
    Failed,
    StateChanged,
    Transcribed,
    VoiceSession,
)
from pywakeword.speech_to_speech import RealtimeClient, Speech
from pywakeword.tts import AudioChunk

TWICE = np.concatenate([spoken("computer"), floor(0.5), spoken("computer"), floor(2.0)])


def session(partner, pcm: np.ndarray) -> list:
    async def run() -> list:
        voice = VoiceSession(
            ArraySource(pcm), WakeWord("computer", threshold=0.5), speech_to_speech=partner
        )
        return [event async for event in voice]

    return asyncio.run(run())


def test_a_service_answers() -> None:
    async def run() -> list:
        async with RealtimeServer(pace_s=0) as server:
            client = RealtimeClient(server.url, timeout_s=60)
            voice = VoiceSession(
                ArraySource(spoken("computer")), WakeWord("computer"), speech_to_speech=client
            )
            events = [event async for event in voice]
            await client.aclose()
            return events

    events = asyncio.run(run())
    (heard,) = [event for event in events if isinstance(event, Transcribed)]
    (answer,) = [event for event in events if isinstance(event, AnswerText)]
    assert answer.text == f"You spoke for {heard.text}."
    assert any(isinstance(event, AnswerTimed) for event in events)
    states = [event.trigger.value for event in events if isinstance(event, StateChanged)]
    assert states == ["word", "utterance", "answer", "played", "end of audio"]


class Talkative:
    """Talks for 6 s unless it is interrupted."""

    def __init__(self) -> None:
        self.interrupted: list[float] = []

    async def respond(self, speech):
        async for block in speech:
            assert len(block)
        for _ in range(60):
            yield Speech(AudioChunk(np.full(1600, 2000, np.int16), 16_000))

    async def interrupt(self, played_s: float) -> None:
        self.interrupted.append(played_s)

    async def aclose(self) -> None:
        """Nothing to release."""


def test_a_wake_word_interrupts_and_says_how_much_was_played() -> None:
    partner = Talkative()
    events = session(partner, TWICE)
    states = [event.trigger.value for event in events if isinstance(event, StateChanged)]
    assert states[:5] == ["word", "utterance", "answer", "word", "utterance"]
    words = [e.sample for e in events if isinstance(e, StateChanged) and e.trigger.value == "word"]
    answers = [
        e.sample for e in events if isinstance(e, StateChanged) and e.trigger.value == "answer"
    ]
    assert partner.interrupted[0] == pytest.approx((words[1] - answers[0]) / 16_000, abs=0.05)
    assert not [event for event in events if isinstance(event, Failed)]


def test_the_parts_are_checked() -> None:
    async def answer(request):
        return "no"

    with pytest.raises(ValueError, match="speech_to_speech replaces"):
        VoiceSession(ArraySource(TWICE), WakeWord("computer"), answer, speech_to_speech=Talkative())


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(GOLDEN / "computer.wav")
    arguments = ["run", file, "--model", "computer", "--json", "--speech-to-speech"]
    assert main([*arguments, "ws://127.0.0.1:9/v1/realtime"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (failed,) = [record for record in records if record["event"] == "Failed"]
    assert failed["stage"] == "speech to speech"
    assert "no connection" in failed["error"]
    assert main([*arguments, "http://127.0.0.1:9"]) == 2
    assert "ws://" in capsys.readouterr().err
    assert main([*arguments, "ws://127.0.0.1:9", "--stt", "tcp://127.0.0.1:9"]) == 2
    assert "--stt" in capsys.readouterr().err
