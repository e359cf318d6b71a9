"""Log mel spectrograms as Whisper takes them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

_WINDOW = 400
HOP_SAMPLES = 160
_BREAK_HZ, _HZ_PER_MEL, _LOG_STEP = 1000.0, 200.0 / 3, np.log(6.4) / 27

Floats = npt.NDArray[np.float32]


def log_mel(pcm: npt.NDArray[np.int16], n_mels: int, n_frames: int) -> Floats:
    """Return the log mel spectrogram, (n_mels, n_frames), of PCM that is padded with silence."""
    samples = np.zeros(n_frames * HOP_SAMPLES + _WINDOW, np.float32)
    half = _WINDOW // 2
    samples[half : half + len(pcm)] = pcm / np.float32(32768)
    samples[:half] = samples[half + 1 : _WINDOW + 1][::-1]  # reflected, as torch.stft does
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::HOP_SAMPLES][:n_frames]
    power = np.abs(np.fft.rfft(frames * _hann(), axis=1)).astype(np.float32) ** 2
    logs = np.log10(np.maximum(power @ _mel_filters(n_mels), 1e-10))
    scaled = (np.maximum(logs, logs.max() - 8) + 4) / 4
    return np.ascontiguousarray(scaled.T, np.float32)


@lru_cache(maxsize=1)
def _hann() -> Floats:
    return np.hanning(_WINDOW + 1)[:-1].astype(np.float32)


@lru_cache(maxsize=2)
def _mel_filters(n_mels: int) -> Floats:
    """Return Slaney's mel filters with equal areas, (n_bins, n_mels)."""
    edges = _to_hz(np.linspace(0, _to_mel(SAMPLE_RATE_HZ / 2), n_mels + 2))
    bins = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE_HZ)[:, None]
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    filters = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return np.asarray(filters, np.float32)


def _to_mel(hz: float) -> float:
    if hz < _BREAK_HZ:
        return hz / _HZ_PER_MEL
    return float(_BREAK_HZ / _HZ_PER_MEL + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def _to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    first = _BREAK_HZ / _HZ_PER_MEL
    return np.where(mel < first, mel * _HZ_PER_MEL, _BREAK_HZ * np.exp(_LOG_STEP * (mel - first)))
