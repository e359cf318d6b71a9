"""A session whose answers follow how the request was said."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from helpers.sounds import GOLDEN, floor, spoken

from pywakeword import ArraySource, WakeWord
from pywakeword.cli import main
from pywakeword.session import MannerChosen, VoiceSession
from pywakeword.tts import AudioChunk, Backend, Prosody, ProsodyMirror, TtsClient

ONCE = np.concatenate([spoken("computer"), floor(2.0)])


class Recorder(Backend):
    """A back end that can change the rate, and keeps what it was asked for."""

    name = "recorder"
    prosody_fields = frozenset({"rate"})

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Prosody] = []

    async def speak(self, text, voice, prosody):
        self.asked.append(prosody)
        yield AudioChunk(np.full(1600, 1000, np.int16), 16000)


def run(pcm: np.ndarray, **options: object) -> tuple[list[Prosody], list[MannerChosen]]:
    recorder = Recorder()

    async def answer(request):
        return "Good."

    async def go() -> list:
        async with TtsClient(recorder) as tts:
            session = VoiceSession(
                ArraySource(pcm), WakeWord("computer"), answer, tts=tts, **options
            )
            return [event async for event in session if isinstance(event, MannerChosen)]

    return recorder.asked, asyncio.run(go())


def test_a_quieter_request_is_answered_more_quietly() -> None:
    quiet = np.rint(ONCE * 0.25).astype(np.int16)
    twice = np.concatenate([ONCE, quiet])
    asked, events = run(twice, mirror=ProsodyMirror(), prosody=Prosody(rate=1.5))
    assert asked[0] == Prosody(rate=1.5)
    assert asked[1].volume == pytest.approx(0.5, abs=0.05)  # half of 12 dB
    assert asked[1].rate == pytest.approx(1.5, rel=0.03)
    assert events[1].manner.explanation[0].startswith("level -12")
    assert run(twice, mirror=ProsodyMirror(), prosody=Prosody(rate=1.5))[0] == asked
    assert run(twice) == ([Prosody(), Prosody()], [])


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("soxr", reason="needs the extra 'audio'")
    file = str(GOLDEN / "computer.wav")
    arguments = ["run", file, "--model", "computer", "--say", "Good.", "--backend", "espeak-ng"]
    assert main([*arguments, "--json", "--explain"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (chosen,) = [record for record in records if record["event"] == "MannerChosen"]
    assert (chosen["rate"], chosen["tag"], chosen["because"]) == (1.0, None, "first utterance")
    assert main(arguments) == 0
    assert "MannerChosen" not in capsys.readouterr().out
    assert main([*arguments, "--no-mirror", "--explain"]) == 2
    assert "--no-mirror switches off" in capsys.readouterr().err
