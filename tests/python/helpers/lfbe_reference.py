"""The LFBE definition in float64, written to be read: what the core is measured against."""

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.signal

SAMPLE_RATE = 16000
WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
FFT_SIZE = 512
N_MELS = 64
LOW_HZ = 60.0
HIGH_HZ = 7600.0
FLOOR = 1e-6


def mel_weights() -> npt.NDArray[np.float64]:
    """Triangular filters, shape (n_mels, n_bins), linear in hertz, peak 1."""
    low_mel, high_mel = 2595.0 * np.log10(1.0 + np.array([LOW_HZ, HIGH_HZ]) / 700.0)
    edges_hz = 700.0 * (10.0 ** (np.linspace(low_mel, high_mel, N_MELS + 2) / 2595.0) - 1.0)
    bins_hz = np.arange(FFT_SIZE // 2 + 1) * SAMPLE_RATE / FFT_SIZE
    left, peak, right = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - left) / (peak - left)
    falling = (right - bins_hz) / (right - peak)
    return np.maximum(0.0, np.minimum(rising, falling))


def power_spectrum(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Windowed power of each frame, shape (n_frames, n_bins)."""
    samples = pcm.astype(np.float64) / 32768.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)[::HOP_SAMPLES]
    window = scipy.signal.get_window("hann", WINDOW_SAMPLES, fftbins=True)
    return np.abs(scipy.fft.rfft(frames * window, FFT_SIZE)) ** 2


def lfbe(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Frames of the whole signal at once, shape (n_frames, n_mels)."""
    return np.log(power_spectrum(pcm) @ mel_weights().T + FLOOR)


def log_peak_power(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Power of each frame's strongest frequency, shape (n_frames,)."""
    return np.log(power_spectrum(pcm).max(axis=1) + FLOOR)
