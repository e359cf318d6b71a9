"""Turns speech into a whisper: its spectral envelope, excited by noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FRAME_S, _HOP_S = 0.030, 0.0075
_COEFFICIENTS_PER_KHZ = 1.0
# A whisper has little energy at low frequencies.
_CORNER_HZ, _SLOPE_DB = 900.0, 14.0
_LEVEL_DB = -6.0


def whispered(pcm: npt.NDArray[np.int16], sample_rate_hz: int) -> npt.NDArray[np.int16]:
    """Return mono speech as a whisper of the same length, 6 dB quieter.

    Equal speech gives equal whispers.
    """
    width, hop = round(_FRAME_S * sample_rate_hz), round(_HOP_S * sample_rate_hz)
    order = round(4 + _COEFFICIENTS_PER_KHZ * sample_rate_hz / 1000)
    audio = np.pad(pcm.astype(np.float64) / 32768, (width, 2 * width))
    n_frames = (len(audio) - width) // hop + 1
    at = np.arange(n_frames)[:, None] * hop + np.arange(width)
    window = np.hanning(width + 1)[:-1]
    n_fft = 1 << (2 * width - 1).bit_length()
    envelope = _envelope(audio[at] * window, order, n_fft)
    noise = np.random.default_rng(0).normal(size=len(audio))
    spectra = np.fft.rfft(noise[at] * window, n_fft) * envelope
    hz = np.fft.rfftfreq(n_fft, 1 / sample_rate_hz)
    spectra *= 10 ** (-_SLOPE_DB / 20 / (1 + (hz / _CORNER_HZ) ** 2))
    frames = np.fft.irfft(spectra, n_fft)[:, :width] * window
    out = np.zeros(len(audio))
    np.add.at(out, at, frames)
    whisper = out[width : width + len(pcm)]
    target = np.sqrt(np.mean((pcm / 32768) ** 2)) * 10 ** (_LEVEL_DB / 20)
    level = np.sqrt(np.mean(whisper**2))
    scaled = whisper * (target / max(float(level), 1e-9))
    out_pcm: npt.NDArray[np.int16] = np.clip(np.rint(scaled * 32767), -32768, 32767).astype(
        np.int16
    )
    return out_pcm


def _envelope(frames: Floats, order: int, n_fft: int) -> Floats:
    """Return the magnitude of the all-pole spectrum of each frame, by Levinson's recursion."""
    power = np.abs(np.fft.rfft(frames, n_fft)) ** 2
    r = np.fft.irfft(power, n_fft)[:, : order + 1]
    r[:, 0] = r[:, 0] * 1.0001 + 1e-9
    a = np.zeros((len(frames), order + 1))
    a[:, 0] = 1
    error = r[:, 0].copy()
    for i in range(1, order + 1):
        k = -np.einsum("ij,ij->i", a[:, :i], r[:, i:0:-1]) / error
        a[:, 1 : i + 1] = a[:, 1 : i + 1] + k[:, None] * a[:, i - 1 :: -1][:, :i]
        error = error * (1 - k**2)
    return np.asarray(np.sqrt(error)[:, None] / np.abs(np.fft.rfft(a, n_fft)), np.float64)
