"""A session that speaks the wake word itself, in front of its own microphone."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from helpers.feedback_room import FeedbackRoom
from helpers.sounds import RATE, Pcm, floor, spoken
from helpers.voices import speech

import pywakeword as pww
from pywakeword.session import VoiceSession, WordHeard
from pywakeword.session.own_voice import own_word_thresholds

WORD = spoken("computer")
# The device talks and says the word six times; a person says it while the device is quiet.
PERSON_AT, SECONDS = 14 * RATE, 20


def room_with_person(echo_db: float) -> FeedbackRoom:
    recording = floor(SECONDS)
    recording[PERSON_AT : PERSON_AT + len(WORD)] += WORD
    return FeedbackRoom(recording, echo_db)


def run(room: FeedbackRoom, talk: Pcm, **options: object) -> tuple[list[float], int]:
    """When the session detected the word, in seconds; and how many it took for its own."""
    session = VoiceSession(room, pww.WakeWord("computer"), loudspeaker=room.loudspeaker, **options)
    session.play("tts", np.concatenate([np.zeros(RATE, np.int16), talk]))

    async def listen() -> list[float]:
        return [e.detection.end_sample / RATE async for e in session if isinstance(e, WordHeard)]

    return asyncio.run(listen()), session.own_words


def says_it_six_times(voice: str) -> Pcm:
    """As loud as the person."""
    word = speech("computer", voice).astype(float)
    level = np.sqrt(np.mean(WORD[18_000:30_000].astype(float) ** 2) / np.mean(word**2))
    once = np.concatenate([np.clip(np.rint(level * word), -32768, 32767), np.zeros(RATE)])
    return np.tile(once, 6).astype(np.int16)


PERSON = pytest.approx(PERSON_AT / RATE + 1.84, abs=0.1)


@pytest.mark.parametrize("echo_db", [0, -10, -20])
@pytest.mark.parametrize("voice", ["espeak-ng:en-us", "flite:slt", "flite:rms"])
def test_only_the_person_is_heard(voice: str, echo_db: float) -> None:
    words, _ = run(room_with_person(echo_db), says_it_six_times(voice))
    assert words == [PERSON]


@pytest.mark.parametrize("echo_db", [0, -10, -20])
def test_only_the_person_is_heard_without_a_canceller(echo_db: float) -> None:
    words, _ = run(room_with_person(echo_db), says_it_six_times("flite:slt"), echo_canceller=False)
    assert words == [PERSON]


def test_without_the_guard_it_wakes_itself() -> None:
    talk = says_it_six_times("flite:rms")
    words, own = run(room_with_person(-20), talk, own_voice=False)
    assert len(words) >= 2
    assert own == 0
    guard = pww.WakeWord("computer", threshold=0.5)
    for options in ({}, {"own_voice": guard}):
        words, own = run(room_with_person(-20), talk, **options)
        assert words == [PERSON]
        assert own >= 1


def test_a_person_over_other_talk_is_heard() -> None:
    sentence = speech("the weather will be sunny, and the wind will be light", "flite:slt")
    talk = np.tile(sentence, 1 + 17 * RATE // len(sentence))
    words, own = run(room_with_person(-10), talk)
    assert words == [PERSON]
    assert own == 0


@pytest.mark.parametrize(("options", "playback"), [({}, "none"), ({"own_voice": False}, "tts")])
def test_the_state_follows_what_is_left_in_the_audio(
    options: dict[str, bool], playback: str
) -> None:
    sentence = speech("the weather will be sunny, and the wind will be light", "espeak-ng:en-us")
    room, spotter = room_with_person(-10), pww.WakeWord("computer", threshold=0.5)
    session = VoiceSession(room, spotter, loudspeaker=room.loudspeaker, **options)
    session.play("tts", np.tile(sentence, 1 + 17 * RATE // len(sentence)))

    async def listen() -> list[str]:
        words = [e.detection async for e in session if isinstance(e, WordHeard)]
        return [word.device_state.playback for word in words]

    assert asyncio.run(listen()) == [playback]


def test_refusal() -> None:
    for options in ({"own_voice": None}, {"echo_canceller": "yes"}):
        (name,) = options
        with pytest.raises(TypeError, match=f"{name} must be a"):
            VoiceSession(room_with_person(0), pww.WakeWord("computer"), **options)


def test_thresholds_of_the_guard() -> None:
    lower = own_word_thresholds(
        {"alexa": 0.92, "computer": 0.98, "loose": 0.4, "all": 0.0, "no": 1.0}
    )
    assert lower["alexa"] == pytest.approx(0.4856, abs=1e-4)  # odds of 11.5 / e^2.5
    assert lower["computer"] == pytest.approx(0.8009, abs=1e-4)
    assert (lower["loose"], lower["all"], lower["no"]) == (0.3, 0.3, 1.0)
