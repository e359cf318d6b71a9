"""What a recogniser and an arbitrator are to `TwoPassEndpointer`; any may take their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Encoding:
    """What a recogniser makes of the audio so far.

    Attributes
    ----------
    frames : (n_frames, n_dims) ndarray of float32
        Its encoding, oldest first; 1.5 s suffice. Without rows where it has none.
    first_sample : int
        Sample of the stream where the first frame begins.
    tokens : tuple of str
        Partial hypothesis: phones, characters or words.
    eos : float
        Posterior, 0 to 1, that the utterance is over now.
    """

    frames: npt.NDArray[np.float32]
    first_sample: int
    tokens: tuple[str, ...]
    eos: float


class EosSource(Protocol):
    """A streaming recogniser that can tell the end of an utterance."""

    def process(self, pcm: npt.NDArray[np.int16]) -> None:
        """Consume audio, (n_samples,) at 16 kHz; nothing may depend on how it is cut."""

    def encoding(self) -> Encoding:
        """Return what was made of all audio consumed so far."""

    def reset(self) -> None:
        """Start a new stream."""


class Arbitrator(Protocol):
    """Judges a pause."""

    def probability(
        self, encoding: Encoding, pcm_tail: npt.NDArray[np.int16], pause_s: float
    ) -> float:
        """Return the calibrated probability that the utterance ended with this pause.

        Parameters
        ----------
        encoding : Encoding
            Of the audio up to now.
        pcm_tail : (n_samples,) ndarray of int16
            The last seconds up to now, the pause included.
        pause_s : float
            How long the pause has lasted.
        """


class EosPosterior:
    """The arbitrator of a single pass: believes the recogniser's own posterior."""

    def probability(
        self, encoding: Encoding, pcm_tail: npt.NDArray[np.int16], pause_s: float
    ) -> float:
        """Return `encoding.eos`."""
        return encoding.eos
