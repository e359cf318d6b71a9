"""Acoustic frames: log mel energies, log F0 and voicing, 80 a second."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000
HOP_SAMPLES = 200
FRAME_RATE_HZ = SAMPLE_RATE / HOP_SAMPLES
N_MELS = 64
FRAME_WIDTH = N_MELS + 2  # then log F0, relative to REFERENCE_HZ and in octaves, and voicing
REFERENCE_HZ = 160.0
_WINDOW = 512
_N_FFT = 1024


def acoustic_frames(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (n_samples // HOP_SAMPLES, FRAME_WIDTH) frames, each centred at a whole hop."""
    import pyworld

    n_frames = len(audio) // HOP_SAMPLES
    padded = np.pad(audio, _WINDOW // 2)
    starts = np.arange(n_frames) * HOP_SAMPLES
    windowed = padded[starts[:, None] + np.arange(_WINDOW)] * np.hanning(_WINDOW)
    power = np.abs(np.fft.rfft(windowed, _N_FFT)) ** 2
    mel = np.log(power @ _filters().T + 1e-5)
    signal = audio.astype(np.float64)
    period_ms = 1000 / FRAME_RATE_HZ
    f0, times = pyworld.dio(signal, SAMPLE_RATE, f0_floor=80, f0_ceil=400, frame_period=period_ms)
    f0 = pyworld.stonemask(signal, f0, times, SAMPLE_RATE)[:n_frames]
    voiced = f0 > 0
    octaves = np.zeros(n_frames)
    if voiced.any():
        where = np.arange(n_frames)
        octaves = np.interp(where, where[voiced], np.log2(f0[voiced] / REFERENCE_HZ))
    return np.column_stack([0.2 * mel, octaves, voiced]).astype(np.float32)


def _filters() -> npt.NDArray[np.float64]:
    """Triangular filters, (N_MELS, n_bins), 60 to 7900 Hz, of unit height."""
    edges_mel = np.linspace(*(2595 * np.log10(1 + np.array([60, 7900]) / 700)), N_MELS + 2)
    edges = 700 * (10 ** (edges_mel / 2595) - 1)
    bins = np.arange(_N_FFT // 2 + 1) * SAMPLE_RATE / _N_FFT
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    return np.clip(np.minimum(rise, fall), 0, None)
