"""Excitation and time-varying filter: the signal processing behind the `Vocoder` block.

A vocoder network predicts the gains of harmonics and noise per frame and frequency. This module
generates band-limited harmonics at the frame's F0 and noise, applies the gains, and adds the frames
up. The result does not depend on how the frames are divided into calls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SourceFilterShape:
    """Sizes for which a vocoder network was trained."""

    sample_rate_hz: int
    hop_samples: int
    n_fft: int
    n_bands: int  # number of gains from 0 Hz to half the sample rate

    @property
    def tail_samples(self) -> int:
        """Extent of a frame's sound before and after its centre."""
        return self.n_fft // 2

    @property
    def look_ahead_frames(self) -> int:
        """Number of later frames that affect the last sample of a hop."""
        return -(-self.tail_samples // self.hop_samples)


class Excitation:
    """Generates harmonics and noise per hop; its state is the phase and the noise generator."""

    def __init__(self, shape: SourceFilterShape, seed: int = 0) -> None:
        self._shape = shape
        self._phase = 0.0  # in periods
        self._rng = np.random.default_rng(seed)
        self._last_f0: float | None = None
        self._last_hops = np.zeros((2, shape.hop_samples), np.float32)

    def spectra(self, f0_hz: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.complex64], ...]:
        """Return the spectra of harmonics and noise around each frame, (n_frames, n_bins).

        Frame i covers two hops: one before its centre, one after it.
        """
        shape = self._shape
        hops = np.empty((2, len(f0_hz) + 1, shape.hop_samples), np.float32)
        hops[:, 0] = self._last_hops
        for i, f0 in enumerate(f0_hz):
            hops[0, i + 1] = self._harmonics(float(f0))
            hops[1, i + 1] = self._rng.standard_normal(shape.hop_samples, np.float32)
        self._last_hops = hops[:, -1].copy()
        pairs = np.concatenate([hops[:, :-1], hops[:, 1:]], axis=2)
        pairs *= _hann(2 * shape.hop_samples)
        harmonics, noise = np.fft.rfft(pairs, shape.n_fft).astype(np.complex64)
        return harmonics, noise

    def _harmonics(self, f0: float) -> Array:
        shape = self._shape
        start = f0 if self._last_f0 is None else self._last_f0
        self._last_f0 = f0
        step = np.linspace(start, f0, shape.hop_samples, endpoint=False) / shape.sample_rate_hz
        phase = self._phase + np.cumsum(step)
        self._phase = float(phase[-1] % 1)
        # The sum of cos(2 pi k phase), k = 1..n, in closed form: an impulse train without
        # aliases, of unit power.
        n = max(1, int(0.5 * shape.sample_rate_hz / max(start, f0)))
        half = np.pi * (phase % 1)
        sine = np.sin(half)
        near = np.abs(sine) < 1e-6
        ratio = np.sin((2 * n + 1) * half) / np.where(near, 1, sine)
        train = 0.5 * (np.where(near, 2 * n + 1, ratio) - 1)
        return np.asarray(train * np.sqrt(2 / n), np.float32)


class OverlapAdd:
    """Converts spectra to overlapping frames and adds them up; emits each hop when it is final."""

    def __init__(self, shape: SourceFilterShape) -> None:
        self._shape = shape
        self._sum = np.zeros(shape.n_fft, np.float32)
        self._skip = shape.tail_samples  # samples before the first frame's centre

    def push(self, spectra: npt.NDArray[np.complex64]) -> Array:
        """Add frames, (n_frames, n_bins); return the samples that are now final."""
        shape = self._shape
        hop = shape.hop_samples
        frames = np.fft.irfft(spectra, shape.n_fft).astype(np.float32)
        # The excitation fills the first two hops of a frame; its middle is the centre.
        frames = np.roll(frames, shape.tail_samples - hop, axis=1)
        done = np.empty(len(frames) * hop, np.float32)
        for i, frame in enumerate(frames):
            self._sum += frame
            done[i * hop : (i + 1) * hop] = self._sum[:hop]
            self._sum[:-hop] = self._sum[hop:]
            self._sum[-hop:] = 0
        cut = min(self._skip, len(done))
        self._skip -= cut
        return done[cut:]

    def flush(self) -> Array:
        """Return the samples after the last frame."""
        return np.array(self._sum[self._skip :])


def band_weights(shape: SourceFilterShape) -> Array:
    """Return (n_bands, n_bins) weights that interpolate gains over the bins of a spectrum."""
    bins = np.linspace(0, shape.n_bands - 1, shape.n_fft // 2 + 1)
    return np.asarray(np.maximum(0, 1 - np.abs(bins - np.arange(shape.n_bands)[:, None])), "f4")


def _hann(n: int) -> Array:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)
