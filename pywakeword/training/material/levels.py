"""The level of speech, pauses left out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword.training.material.features import WINDOW

ACTIVE_LEVEL = 0.05  # RMS of the active parts that every clip is brought to, -26 dBFS


def active_rms(samples: npt.NDArray[np.floating]) -> float:
    """RMS over the 25 ms frames within 25 dB of the loudest."""
    n = len(samples) // WINDOW
    energy = (samples[: n * WINDOW].reshape(n, WINDOW) ** 2).mean(axis=1)
    return float(np.sqrt(energy[energy > energy.max() * 10**-2.5].mean()))
