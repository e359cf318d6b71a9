"""Recognisers and arbitrators for tests of the second pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword import Encoding


class Counting:
    """An EosSource that counts samples; its posterior is 1 from `eos_from` on, else 0."""

    def __init__(self, eos_from: int | None = None) -> None:
        self._eos_from = eos_from
        self.reset()

    def process(self, pcm: npt.NDArray[np.int16]) -> None:
        self.heard += len(pcm)

    def encoding(self) -> Encoding:
        sure = self._eos_from is not None and self.heard >= self._eos_from
        return Encoding(np.zeros((0, 4), np.float32), 0, (str(self.heard),), float(sure))

    def reset(self) -> None:
        self.heard = 0


class Scripted:
    """An Arbitrator that gives its answers in order, repeats the last, and records its calls."""

    def __init__(self, *answers: float) -> None:
        self._answers = answers
        self.asked: list[tuple[str, int, float]] = []

    def probability(
        self, encoding: Encoding, pcm_tail: npt.NDArray[np.int16], pause_s: float
    ) -> float:
        self.asked.append((encoding.tokens[0], len(pcm_tail), pause_s))
        return self._answers[min(len(self.asked), len(self._answers)) - 1]
