"""Requests to a voice, and its audio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword._checks import check_number, check_type


@dataclass(frozen=True)
class Prosody:
    """Rate, pitch and volume of speech, as factors on the voice's defaults.

    Parameters
    ----------
    rate : float
        Speed, 0.25 to 4.
    pitch : float
        Pitch, 0.5 to 2.
    volume : float
        Amplitude, 0 to 2.

    Raises
    ------
    TypeError
        If one is not a number.
    ValueError
        If one is out of range.
    """

    rate: float = 1.0
    pitch: float = 1.0
    volume: float = 1.0

    def __post_init__(self) -> None:
        for name, low, high in (("rate", 0.25, 4), ("pitch", 0.5, 2), ("volume", 0, 2)):
            value = getattr(self, name)
            check_number(name, value)
            if not low <= float(value) <= high:  # a NaN fails too
                raise ValueError(f"{name} must be from {low:g} to {high:g}, got {value!r}")


@dataclass(frozen=True)
class Voice:
    """A voice, by the names of its back end; None stands for the back end's default."""

    name: str | None = None
    language: str | None = None
    speaker: str | None = None

    def __post_init__(self) -> None:
        for field in ("name", "language", "speaker"):
            value = getattr(self, field)
            if value is not None:
                check_type(field, value, str)


@dataclass(frozen=True, eq=False)
class AudioChunk:
    """Mono audio.

    Attributes
    ----------
    pcm : (n_samples,) ndarray of int16
        The samples; never empty.
    sample_rate_hz : int
        Their rate.
    """

    pcm: npt.NDArray[np.int16]
    sample_rate_hz: int
