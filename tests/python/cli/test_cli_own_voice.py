"""`pywakeword run` in a room where its answers, which say the wake word, come back."""

from __future__ import annotations

import json

import pytest
from helpers.feedback_room import FeedbackRoom
from helpers.sounds import RATE, Pcm, floor, spoken
from helpers.voices import require_engine

from pywakeword.cli import main

ANSWER = "I am your computer. Computer, says the computer."
ASKED = spoken("computer")  # the wake word and a question
ASKED_AT = (1, 17)


def script() -> Pcm:
    recording = floor(34)
    for at_s in ASKED_AT:
        recording[at_s * RATE : at_s * RATE + len(ASKED)] += ASKED
    return recording


@pytest.mark.parametrize("echo_db", [0, -10, -20])
@pytest.mark.parametrize(
    "speaks",
    [
        ("--backend", "espeak-ng"),
        ("--backend", "flite"),
        ("--backend", "flite", "--voice", "rms"),  # its pitch is fixed
        ("--addon", "slt-parallel"),
    ],
    ids=" ".join,
)
def test_only_the_scripted_words_are_found(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    speaks: tuple[str, ...],
    echo_db: float,
) -> None:
    require_engine("espeak-ng")
    room = FeedbackRoom(script(), echo_db)
    monkeypatch.setattr("pywakeword.commands.run._audio", lambda *_: (room, room.loudspeaker))
    run = ["run", "script.wav", "--model", "computer", "--json", "--say", ANSWER, *speaks]
    assert main(run) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    words = [event["at"] for event in events if event["event"] == "WordHeard"]
    # The word ends 1.84 s after the beginning, and is reported soon after.
    assert words == [pytest.approx(at_s + 2.0, abs=0.2) for at_s in ASKED_AT]
    assert sum(event.get("trigger") == "played" for event in events) == len(ASKED_AT)
