"""Prosodic features of the speech before a pause: pitch, loudness, lengthening."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

# 4 kHz is enough for pitch.
_RATE_HZ = SAMPLE_RATE_HZ // 2
_WINDOW, _HOP, _FFT = 320, 80, 512
_SPEECH_S = 1.5  # before the pause
_SHORTEST_LAG, _LONGEST_LAG = _RATE_HZ // 400, _RATE_HZ // 70
_VOICED = 0.5
_FLOOR = 1.0  # mean square of samples: near digital silence

PROSODY_FEATURES = (
    "f0_slope",  # octaves per second over the last 0.3 s of voice
    "f0_final",  # octaves above the median of the stretch
    "f0_spread",  # octaves, standard deviation
    "voiced_share",
    "last_voice_s",  # length of the last voiced run
    "since_voice_s",  # from its end to the pause
    "final_level",  # last 0.1 s against the mean, in bel
    "level_slope",  # bel per second over the last 0.4 s
    "pause_level",  # the pause against the speech, in bel
    "pause_s",
)


def prosody_features(pcm_tail: npt.NDArray[np.int16], pause_s: float) -> npt.NDArray[np.float32]:
    """Describe the speech before a pause.

    Parameters
    ----------
    pcm_tail : (n_samples,) ndarray of int16
        Audio up to now.
    pause_s : float
        Length of the pause at its end.

    Returns
    -------
    (10,) ndarray of float32
        In the order of `PROSODY_FEATURES`; all but the last are 0 if no speech precedes the pause.
    """
    values = np.zeros(len(PROSODY_FEATURES), np.float32)
    values[-1] = pause_s
    pause = min(round(pause_s * SAMPLE_RATE_HZ), len(pcm_tail))
    speech = _halved(pcm_tail[: len(pcm_tail) - pause][-round(_SPEECH_S * SAMPLE_RATE_HZ) :])
    if len(speech) < _WINDOW + 4 * _HOP:
        return values
    frames = np.lib.stride_tricks.sliding_window_view(speech, _WINDOW)
    # Counted backwards from the pause, so that the last frame ends where the pause begins.
    frames = frames[(len(frames) - 1) % _HOP :: _HOP]
    level = np.log10((frames**2).mean(axis=1) + _FLOOR)
    octaves, voiced = _pitch(frames)
    loud = voiced & (level > level.max() - 3.0)
    values[3] = loud.mean()
    if loud.any():
        _describe_pitch(octaves, loud, values)
    values[6] = level[-10:].mean() - level.mean()
    values[7] = _slope(level[-40:])
    quiet = _halved(pcm_tail[len(pcm_tail) - pause :])
    if len(quiet):
        values[8] = np.log10((quiet**2).mean() + _FLOOR) - np.log10((speech**2).mean() + _FLOOR)
    return values


def _halved(pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Halve the rate by averaging pairs; the newest sample is kept."""
    pairs = pcm[len(pcm) % 2 :].reshape(-1, 2)
    return np.asarray(pairs.astype(np.float32).mean(axis=1), np.float32)


def _describe_pitch(
    octaves: npt.NDArray[np.float32], loud: npt.NDArray[np.bool_], values: npt.NDArray[np.float32]
) -> None:
    index = np.flatnonzero(loud)
    pitch = octaves[index]
    middle = np.median(pitch)
    pitch = np.clip(pitch, middle - 0.8, middle + 0.8)  # octave errors
    last = index > index[-1] - 30
    values[0] = _slope(pitch[last], index[last])
    values[1] = np.median(pitch[-5:]) - middle
    values[2] = pitch.std()
    breaks = np.flatnonzero(np.diff(index) > 2)
    first = index[breaks[-1] + 1] if len(breaks) else index[0]
    values[4] = (index[-1] - first + 1) * _HOP / _RATE_HZ
    values[5] = (len(loud) - 1 - index[-1]) * _HOP / _RATE_HZ


def _pitch(
    frames: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return log2 of the pitch in Hz, and whether a frame is voiced, by autocorrelation."""
    window = np.hanning(_WINDOW).astype(np.float32)
    centred = (frames - frames.mean(axis=1, keepdims=True)) * window
    power = np.abs(np.fft.rfft(centred, _FFT)) ** 2
    correlation = np.fft.irfft(power)[:, : _LONGEST_LAG + 2]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, _FFT)) ** 2)[: _LONGEST_LAG + 2]
    correlation = correlation / np.maximum(correlation[:, :1], 1e-3) / (own / own[0])
    span = correlation[:, _SHORTEST_LAG:-1]
    # The shortest lag close to the maximum: longer ones may be multiples of the period.
    high = span >= 0.9 * span.max(axis=1, keepdims=True)
    before, after = correlation[:, _SHORTEST_LAG - 1 : -2], correlation[:, _SHORTEST_LAG + 1 :]
    lag = _SHORTEST_LAG + (high & (span >= before) & (span >= after)).argmax(axis=1)
    octaves = np.log2(_RATE_HZ / (lag + _vertex(correlation, lag)))
    return octaves.astype(np.float32), span.max(axis=1) > _VOICED


def _vertex(
    correlation: npt.NDArray[np.floating], lag: npt.NDArray[np.intp]
) -> npt.NDArray[np.floating]:
    """Return the offset from a lag to the vertex of the parabola through its peak."""
    row = np.arange(len(lag))
    after = correlation[row, lag + 1]
    here, before = correlation[row, lag], correlation[row, lag - 1]
    curve = before - 2 * here + after
    offset = np.where(curve < -1e-6, 0.5 * (before - after) / np.minimum(curve, -1e-6), 0.0)
    return np.clip(offset, -0.5, 0.5)


def _slope(values: npt.NDArray[np.float32], index: npt.NDArray[np.intp] | None = None) -> float:
    """Return the slope per second by least squares; values are 10 ms apart or at `index`."""
    if len(values) < 3:
        return 0.0
    t = (np.arange(len(values)) if index is None else index) * (_HOP / _RATE_HZ)
    t = t - t.mean()
    return float((t * (values - values.mean())).sum() / (t**2).sum())
