"""Acoustic frames for training the addons, with F0 by WORLD."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.tts.recording.acoustic_frames import (
    FRAME_RATE_HZ,
    FRAME_WIDTH,
    HOP_SAMPLES,
    N_MELS,
    REFERENCE_HZ,
    log_mel,
    with_pitch,
)

__all__ = [
    "FRAME_RATE_HZ",
    "FRAME_WIDTH",
    "HOP_SAMPLES",
    "N_MELS",
    "REFERENCE_HZ",
    "acoustic_frames",
    "log_mel",
    "pyworld",
]


def pyworld() -> Any:
    """Import WORLD, of the extra `train`."""
    return require("pyworld", "train")


def acoustic_frames(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (n_samples // HOP_SAMPLES, FRAME_WIDTH); frames are centred at multiples of a hop."""
    world = pyworld()
    signal = audio.astype(np.float64)
    period_ms = 1000 / FRAME_RATE_HZ
    f0, times = world.dio(signal, SAMPLE_RATE_HZ, f0_floor=80, f0_ceil=400, frame_period=period_ms)
    return with_pitch(log_mel(audio), world.stonemask(signal, f0, times, SAMPLE_RATE_HZ))
