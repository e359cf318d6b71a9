"""Interfaces of the recogniser and the arbitrator of `TwoPassEndpointer`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Encoding:
    """A recogniser's view of the audio so far.

    Attributes
    ----------
    frames : (n_frames, n_dims) ndarray of float32
        Its encoding, oldest first; 1.5 s is enough. No rows if it has none.
    first_sample : int
        Sample of the stream at which the first frame begins.
    tokens : tuple of str
        Partial hypothesis: phones, characters or words.
    eos : float
        Posterior, 0 to 1, that the utterance is complete.
    """

    frames: npt.NDArray[np.float32]
    first_sample: int
    tokens: tuple[str, ...]
    eos: float


class EosSource(Protocol):
    """A streaming recogniser that estimates whether an utterance is complete."""

    def process(self, pcm: npt.NDArray[np.int16]) -> None:
        """Consume audio, (n_samples,) at 16 kHz. Results must not depend on how it is cut."""

    def encoding(self) -> Encoding:
        """Return the encoding of all audio consumed so far."""

    def reset(self) -> None:
        """Start a new stream."""


class Arbitrator(Protocol):
    """Estimates whether a pause is the end of an utterance."""

    def probability(
        self, encoding: Encoding, pcm_tail: npt.NDArray[np.int16], pause_s: float
    ) -> float:
        """Return the calibrated probability that the utterance ended with this pause.

        Parameters
        ----------
        encoding : Encoding
            Encoding of the audio up to now.
        pcm_tail : (n_samples,) ndarray of int16
            The last seconds of audio, including the pause.
        pause_s : float
            Length of the pause so far.
        """


class EosPosterior:
    """An arbitrator that returns the recogniser's own posterior."""

    def probability(
        self, encoding: Encoding, pcm_tail: npt.NDArray[np.int16], pause_s: float
    ) -> float:
        """Return `encoding.eos`."""
        return encoding.eos
