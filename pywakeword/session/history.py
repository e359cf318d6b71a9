"""The session's recent audio, to cut an utterance from."""

from __future__ import annotations

from collections import deque

import numpy as np

from pywakeword.audio.source import PcmBlock


class History:
    """Audio by absolute sample index; the oldest is dropped by `forget`."""

    def __init__(self) -> None:
        self._blocks: deque[PcmBlock] = deque()
        self._begin = 0
        self._end = 0

    def append(self, block: PcmBlock) -> None:
        """Add what follows."""
        self._blocks.append(block)
        self._end += len(block)

    def forget(self, before: int) -> None:
        """Drop blocks that lie before this sample as a whole."""
        while self._blocks and self._begin + len(self._blocks[0]) <= before:
            self._begin += len(self._blocks.popleft())

    def cut(self, begin: int, end: int) -> tuple[int, PcmBlock]:
        """Return what is there of [begin, end), and where it begins."""
        begin, end = max(begin, self._begin), min(end, self._end)
        if end <= begin:
            return begin, np.zeros(0, np.int16)
        joined = np.concatenate(list(self._blocks))
        return begin, joined[begin - self._begin : end - self._begin].copy()
