"""F0 of recorded speech, in NumPy.

The autocorrelation of a windowed frame, divided by that of the window, peaks at the period
(Boersma 1993). The candidates of each frame are its best peaks and "unvoiced"; the result is the
cheapest path through all frames.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LOW_HZ, HIGH_HZ = 70.0, 500.0
_N_PEAKS = 5
_OCTAVE_COST = 0.01  # against periods of twice the true length
_JUMP_COST = 0.35  # per octave from frame to frame
_VOICING_COST = 0.14  # per change between voiced and unvoiced
_UNVOICED = 0.45  # strength of "unvoiced" in a loud frame
_SILENCE = 0.03  # relative to the loudest sample; quieter frames are unvoiced
# The costs above are for frames of 10 ms.
_COSTS_PER_S = 100.0


def track_pitch(
    audio: npt.NDArray[np.float32], sample_rate_hz: int, hop_samples: int
) -> npt.NDArray[np.float64]:
    """Return F0 in Hz per hop, 0 where unvoiced.

    Parameters
    ----------
    audio : (n_samples,) ndarray of float32
    sample_rate_hz : int
    hop_samples : int
        Value i is measured around sample i * hop_samples.

    Returns
    -------
    (n_samples // hop_samples,) ndarray of float64
    """
    n_frames = len(audio) // hop_samples
    if n_frames == 0:
        return np.zeros(0)
    lags, strengths = _candidates(audio, sample_rate_hz, hop_samples, n_frames)
    f0_hz = np.where(lags > 0, sample_rate_hz / np.maximum(lags, 1e-9), 0.0)
    path = _cheapest_path(f0_hz, strengths, hop_samples / sample_rate_hz)
    return f0_hz[np.arange(n_frames), path]


def _candidates(
    audio: npt.NDArray[np.float32], rate: int, hop: int, n_frames: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lags in samples, 0 for unvoiced, and strengths; (n_frames, 1 + _N_PEAKS) each."""
    width = 2 * round(1.5 * rate / LOW_HZ)
    n_fft = 1 << (2 * width - 1).bit_length()
    padded = np.pad(audio.astype(np.float64), width // 2)
    frames = padded[np.arange(n_frames)[:, None] * hop + np.arange(width)]
    frames = frames - frames.mean(1, keepdims=True)
    loudest = np.abs(frames).max(1)
    window = np.hanning(width)
    low, high = int(rate / HIGH_HZ), int(rate / LOW_HZ) + 1
    correlation = _autocorrelation(frames * window, n_fft)[:, : high + 2]
    of_window = _autocorrelation(window[None], n_fft)[:, : high + 2]
    correlation = correlation / np.maximum(of_window, 1e-9)
    middle = correlation[:, low : high + 1]
    before, behind = correlation[:, low - 1 : high], correlation[:, low + 1 : high + 2]
    is_peak = (middle > before) & (middle >= behind) & (middle > 0.2)
    # A parabola through three points gives the position between samples.
    bend = before - 2 * middle + behind
    shift = np.where(is_peak, 0.5 * (before - behind) / np.where(bend == 0, 1, bend), 0)
    lags = np.arange(low, high + 1) + shift
    height = np.where(is_peak, middle - 0.25 * (before - behind) * shift, -np.inf)
    height = height - _OCTAVE_COST * np.log2(LOW_HZ * lags / rate)
    best = np.argsort(-height, axis=1)[:, :_N_PEAKS]
    rows = np.arange(n_frames)[:, None]
    quiet = loudest / max(float(loudest.max()), 1e-9) / (_SILENCE / (1 + _UNVOICED))
    unvoiced = _UNVOICED + np.maximum(0, 2 - quiet)
    strengths = np.column_stack([unvoiced, height[rows, best]])
    found = np.where(np.isfinite(height[rows, best]), lags[rows, best], 0)
    return np.column_stack([np.zeros(n_frames), found]), strengths


def _autocorrelation(frames: npt.NDArray[np.float64], n_fft: int) -> npt.NDArray[np.float64]:
    raw = np.fft.irfft(np.abs(np.fft.rfft(frames, n_fft)) ** 2, n_fft)
    return raw / np.maximum(raw[:, :1], 1e-12)


def _cheapest_path(
    f0_hz: npt.NDArray[np.float64], strengths: npt.NDArray[np.float64], hop_s: float
) -> npt.NDArray[np.int64]:
    scale = 1 / (_COSTS_PER_S * hop_s)
    octaves = np.log2(np.maximum(f0_hz, 1.0))
    voiced = f0_hz > 0
    voiced[:, 0] = False
    total = strengths[0]
    back = np.zeros(f0_hz.shape, np.int64)
    for i in range(1, len(f0_hz)):
        jump = _JUMP_COST * np.abs(octaves[i][:, None] - octaves[i - 1][None, :])
        both = voiced[i][:, None] & voiced[i - 1][None, :]
        change = voiced[i][:, None] != voiced[i - 1][None, :]
        cost = scale * np.where(both, jump, np.where(change, _VOICING_COST, 0.0))
        reached = total[None, :] - cost
        back[i] = reached.argmax(1)
        total = strengths[i] + reached.max(1)
    path = np.empty(len(f0_hz), np.int64)
    path[-1] = total.argmax()
    for i in range(len(f0_hz) - 1, 0, -1):
        path[i - 1] = back[i][path[i]]
    return path
