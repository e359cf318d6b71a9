"""Acoustic frames as the addons' trainings take them: with WORLD's F0."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
]


def acoustic_frames(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (n_samples // HOP_SAMPLES, FRAME_WIDTH) frames, each centred at a whole hop."""
    import pyworld

    signal = audio.astype(np.float64)
    period_ms = 1000 / FRAME_RATE_HZ
    f0, times = pyworld.dio(
        signal, SAMPLE_RATE_HZ, f0_floor=80, f0_ceil=400, frame_period=period_ms
    )
    return with_pitch(log_mel(audio), pyworld.stonemask(signal, f0, times, SAMPLE_RATE_HZ))
