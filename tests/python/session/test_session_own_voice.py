"""A session that speaks the wake word itself, in front of its own microphone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
from helpers.sounds import RATE, Pcm, floor, spoken
from helpers.voices import speech

import pywakeword as pww
from pywakeword.session import VirtualLoudspeaker, VoiceSession, WordHeard

BLOCK = 320
DELAY = 480
WORD = spoken("computer")
# The device talks and says the word six times; a person says it while the device is quiet.
PERSON_AT, SECONDS = 14 * RATE, 20


class Room:
    """The file, and what the session plays, a little later."""

    def __init__(self, echo_db: float) -> None:
        self._file = floor(SECONDS)
        self._file[PERSON_AT : PERSON_AT + len(WORD)] += WORD
        self._gain = 10 ** (echo_db / 20)
        self._played = np.zeros(len(self._file) + RATE, np.int16)
        self._n_played = 0
        self.loudspeaker = VirtualLoudspeaker(self._record)
        self.session: VoiceSession | None = None

    def _record(self, pcm: Pcm) -> None:
        self._played[self._n_played : self._n_played + len(pcm)] = pcm
        self._n_played += len(pcm)

    def __iter__(self) -> Iterator[Pcm]:
        for begin in range(0, len(self._file) - BLOCK + 1, BLOCK):
            block = self._file[begin : begin + BLOCK].astype(float)
            late = begin - DELAY
            if late >= 500:
                block += self._gain * self._played[late : late + BLOCK]
                block -= 0.4 * self._gain * self._played[late - 500 : late - 500 + BLOCK]
            yield np.clip(np.rint(block), -32768, 32767).astype(np.int16)


def run(room: Room, talk: Pcm, **options: object) -> tuple[list[float], int]:
    """When the session detected the word, in seconds; and how many it took for its own."""
    session = VoiceSession(room, pww.WakeWord("computer"), loudspeaker=room.loudspeaker, **options)
    session.play("tts", np.concatenate([np.zeros(RATE, np.int16), talk]))

    async def listen() -> list[float]:
        return [e.detection.end_sample / RATE async for e in session if isinstance(e, WordHeard)]

    return asyncio.run(listen()), session.own_words


def guards() -> dict[str, object]:
    return {
        "echo_canceller": pww.EchoCanceller(),
        "own_voice": pww.WakeWord("computer", threshold=0.1),
    }


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
    words, _ = run(Room(echo_db), says_it_six_times(voice), **guards())
    assert words == [PERSON]


def test_without_the_guard_it_wakes_itself() -> None:
    talk = says_it_six_times("flite:rms")
    words, own = run(Room(-20), talk, echo_canceller=pww.EchoCanceller())
    assert len(words) == 2
    assert own == 0
    words, own = run(Room(-20), talk, **guards())
    assert words == [PERSON]
    assert own == 1


def test_a_person_over_other_talk_is_heard() -> None:
    sentence = speech("the weather will be sunny, and the wind will be light", "flite:slt")
    talk = np.tile(sentence, 1 + 17 * RATE // len(sentence))
    words, own = run(Room(-10), talk, **guards())
    assert words == [PERSON]
    assert own == 0


def test_refusal() -> None:
    with pytest.raises(ValueError, match="own_voice needs an echo_canceller"):
        VoiceSession(Room(0), pww.WakeWord("computer"), own_voice=pww.WakeWord("computer"))
