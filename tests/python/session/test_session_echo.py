"""A session that subtracts its own sound."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np

import pywakeword as pww
from pywakeword.session import VirtualLoudspeaker, VoiceSession

RATE = 16_000
BLOCK = 320
DELAY = 4 * BLOCK


class Room:
    """A microphone that picks up only the loudspeaker, a little later."""

    def __init__(self, seconds: float) -> None:
        self.loudspeaker = VirtualLoudspeaker(self._record)
        self._n = round(seconds * RATE)
        self._played = np.zeros(self._n + RATE, np.int16)
        self._n_played = 0

    def _record(self, pcm: np.ndarray) -> None:
        self._played[self._n_played : self._n_played + len(pcm)] = pcm
        self._n_played += len(pcm)

    def __iter__(self) -> Iterator[np.ndarray]:
        for begin in range(0, self._n, BLOCK):
            heard = self._played[max(0, begin - DELAY) : max(0, begin - DELAY + BLOCK)]
            echo = np.zeros(BLOCK, np.int16)
            echo[: len(heard)] = heard // 2
            yield echo


def test_what_was_played_is_subtracted_sample_by_sample() -> None:
    room = Room(5)
    canceller = pww.EchoCanceller()
    session = VoiceSession(
        room,
        pww.WakeWord("computer"),
        loudspeaker=room.loudspeaker,
        echo_canceller=canceller,
    )
    noise = np.random.default_rng(1).normal(0, 3000, 4 * RATE).astype(np.int16)
    session.play("music", noise)

    async def listen() -> None:
        async for _ in session:
            pass

    asyncio.run(listen())
    assert canceller.delay_samples == DELAY
    assert canceller.converged
    assert canceller.erle_db > 20
