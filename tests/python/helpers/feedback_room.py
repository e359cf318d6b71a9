"""A room in which a session's microphone picks up what the session itself plays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from helpers.sounds import RATE, Pcm
from pywakeword.session import VirtualLoudspeaker

BLOCK = 320
DELAY = 480


class FeedbackRoom:
    """A recording, and what the session plays, a little later, with a reflection.

    It is the source of a session; `loudspeaker` is its loudspeaker.
    """

    def __init__(self, recording: Pcm, echo_db: float) -> None:
        self._file = recording
        self._gain = 10 ** (echo_db / 20)
        self._played = np.zeros(len(self._file) + RATE, np.int16)
        self._n_played = 0
        self.loudspeaker = VirtualLoudspeaker(self._record)

    def _record(self, pcm: Pcm) -> None:
        end = min(self._n_played + len(pcm), len(self._played))
        self._played[self._n_played : end] = pcm[: end - self._n_played]
        self._n_played = end

    def __iter__(self) -> Iterator[Pcm]:
        for begin in range(0, len(self._file) - BLOCK + 1, BLOCK):
            block = self._file[begin : begin + BLOCK].astype(float)
            late = begin - DELAY
            if late >= 500:
                block += self._gain * self._played[late : late + BLOCK]
                block -= 0.4 * self._gain * self._played[late - 500 : late - 500 + BLOCK]
            yield np.clip(np.rint(block), -32768, 32767).astype(np.int16)
