"""Acoustic frames, the inputs and outputs of the bundled voices' networks.

A frame has 64 log mel energies, log F0 and voicing; there are 80 frames per second.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.tts.recording.pitch import track_pitch

HOP_SAMPLES = 200
FRAME_RATE_HZ = SAMPLE_RATE_HZ / HOP_SAMPLES
N_MELS = 64
FRAME_WIDTH = N_MELS + 2  # then log F0, relative to REFERENCE_HZ and in octaves, and voicing
REFERENCE_HZ = 160.0
_WINDOW = 512
_N_FFT = 1024


def log_mel(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (n_samples // HOP_SAMPLES, N_MELS), log energies times 0.2.

    Frame i is centred at sample i * HOP_SAMPLES.
    """
    n_frames = len(audio) // HOP_SAMPLES
    padded = np.pad(audio, _WINDOW // 2)
    starts = np.arange(n_frames) * HOP_SAMPLES
    windowed = padded[starts[:, None] + np.arange(_WINDOW)] * np.hanning(_WINDOW)
    power = np.abs(np.fft.rfft(windowed, _N_FFT)) ** 2
    return np.asarray(0.2 * np.log(power @ _filters().T + 1e-5), np.float32)


def acoustic_frames(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (n_samples // HOP_SAMPLES, FRAME_WIDTH); log F0 is interpolated where unvoiced."""
    f0_hz = track_pitch(audio, SAMPLE_RATE_HZ, HOP_SAMPLES)
    return with_pitch(log_mel(audio), f0_hz)


def with_pitch(
    mel: npt.NDArray[np.float32], f0_hz: npt.NDArray[np.floating]
) -> npt.NDArray[np.float32]:
    """Append log F0 and voicing to mel energies; `f0_hz` is 0 where unvoiced."""
    voiced = f0_hz[: len(mel)] > 0
    octaves = np.zeros(len(mel))
    if voiced.any():
        where = np.arange(len(mel))
        known = np.log2(f0_hz[: len(mel)][voiced] / REFERENCE_HZ)
        octaves = np.interp(where, where[voiced], known)
    return np.column_stack([mel, octaves, voiced]).astype(np.float32)


def _filters() -> npt.NDArray[np.float64]:
    """Return triangular filters of unit height, 60 to 7900 Hz, (N_MELS, n_bins)."""
    low, high = 2595 * np.log10(1 + np.array([60.0, 7900.0]) / 700)
    edges_mel = np.linspace(low, high, N_MELS + 2)
    edges = 700 * (10 ** (edges_mel / 2595) - 1)
    bins = np.arange(_N_FFT // 2 + 1) * SAMPLE_RATE_HZ / _N_FFT
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    weights: npt.NDArray[np.float64] = np.clip(np.minimum(rise, fall), 0, None)
    return weights
