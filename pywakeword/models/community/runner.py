"""What runs community models: each kind takes audio in steps of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from pywakeword.audio.source import PcmBlock


class Score(NamedTuple):
    """One smoothed score of a model."""

    end_sample: int  # of the audio that it is about
    model: int  # which of the runner's models
    value: float


class Runner(ABC):
    """Models of one kind, which share a front end; one stream.

    Parameters
    ----------
    step_samples : int
        What `_step` takes at a time.
    """

    def __init__(self, step_samples: int) -> None:
        self._step_samples = step_samples
        self._waiting = np.zeros(0, np.int16)
        self._now = 0

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes of the stream's state in Python; the interpreters do not say theirs."""

    def process(self, pcm: PcmBlock) -> list[Score]:
        """Consume audio and return the scores that became known."""
        samples = np.concatenate((self._waiting, pcm)) if len(self._waiting) else pcm
        scores: list[Score] = []
        begin = 0
        while begin + self._step_samples <= len(samples):
            end = begin + self._step_samples
            self._now += self._step_samples
            scores += [
                Score(self._now, model, value)
                for model, value in self._step(samples[begin:end].astype("<i2").tobytes())
            ]
            begin = end
        self._waiting = samples[begin:].copy()
        return scores

    def reset(self) -> None:
        """Start a new stream."""
        self._waiting = np.zeros(0, np.int16)
        if self._now:
            self._now = 0
            self._reset()

    @abstractmethod
    def _step(self, audio: bytes) -> list[tuple[int, float]]:
        """Consume one step; return numbers of models with their new scores."""

    @abstractmethod
    def _reset(self) -> None:
        """Forget all audio."""
