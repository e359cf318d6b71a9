"""Recognisers for tests: one that says how much it got, and ones that fail."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pywakeword import Hypothesis, Recognition, Word


def recognition(*texts: str) -> Recognition:
    return Recognition(
        tuple(Hypothesis(text, -0.1 * i, 3) for i, text in enumerate(texts, 1)),
        tuple(Word(word, 100 * i, 100 * i + 50) for i, word in enumerate(texts[0].split())),
        np.ones((5, 4), np.float32),
        320,
    )


class Saying:
    """Gives its texts in order, repeats the last, and records the lengths of the audio."""

    def __init__(self, *texts: str) -> None:
        self._texts = texts
        self.heard: list[int] = []

    def recognise(
        self, pcm: npt.NDArray[np.int16], cancelled: Callable[[], bool]
    ) -> Recognition | None:
        self.heard.append(len(pcm))
        return recognition(self._texts[min(len(self.heard), len(self._texts)) - 1])


class Gated(Saying):
    """Works when the gate is opened: until then it sleeps, or hangs."""

    def __init__(self, *texts: str) -> None:
        super().__init__(*texts)
        self.gate = threading.Event()
        self.began = threading.Event()
        self.threads: set[int] = set()

    def recognise(
        self, pcm: npt.NDArray[np.int16], cancelled: Callable[[], bool]
    ) -> Recognition | None:
        self.threads.add(threading.get_ident())
        self.began.set()
        assert self.gate.wait(60)
        return super().recognise(pcm, cancelled)


class Returning:
    """Returns, or raises, what it was given."""

    def __init__(self, found: object) -> None:
        self._found = found

    def recognise(self, pcm: npt.NDArray[np.int16], cancelled: Callable[[], bool]):
        if isinstance(self._found, Exception):
            raise self._found
        return self._found
