"""Sounds made by code that are not speech: hum, clicks, coloured noise, tones, chords."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

Samples = npt.NDArray[np.float32]


def _unit(samples: npt.NDArray[np.floating]) -> Samples:
    return np.asarray(samples / max(float(np.abs(samples).max()), 1e-9), np.float32)


def hum(n_samples: int, rng: np.random.Generator) -> Samples:
    """Mains or motor: a low tone with harmonics, its loudness breathing slowly."""
    t = np.arange(n_samples) / SAMPLE_RATE_HZ
    base = float(rng.choice([50.0, 60.0, rng.uniform(45, 240)]))
    count = int(rng.integers(2, 24))
    tone = sum(
        np.sin(2 * np.pi * h * base * t + rng.uniform(0, 6))
        * rng.uniform(0.1, 1)
        / h ** rng.uniform(0.3, 1.5)
        for h in range(1, count + 1)
        if h * base < 7500
    )
    breath = 1 + rng.uniform(0, 0.4) * np.sin(2 * np.pi * rng.uniform(0.1, 4) * t)
    return _unit(tone * breath + 0.02 * rng.standard_normal(n_samples))


def clicks(n_samples: int, rng: np.random.Generator) -> Samples:
    """Keys, taps, drops: short decaying bursts, regular or not."""
    signal = np.zeros(n_samples)
    at, period, jitter = 0.0, rng.uniform(0.04, 1.2), rng.uniform(0, 1)
    while (at := at + period * (1 + jitter * rng.uniform(-0.8, 0.8))) * SAMPLE_RATE_HZ < n_samples:
        length = int(rng.uniform(0.001, 0.04) * SAMPLE_RATE_HZ)
        t = np.arange(length)
        ring = np.sin(2 * np.pi * rng.uniform(300, 6000) * t / SAMPLE_RATE_HZ) * rng.uniform(0, 1)
        burst = (rng.standard_normal(length) + ring) * np.exp(-t / (length / rng.uniform(2, 6)))
        first = int(at * SAMPLE_RATE_HZ)
        burst = burst[: n_samples - first] * rng.uniform(0.2, 1)
        signal[first : first + len(burst)] += burst
    return _unit(signal)


def coloured(n_samples: int, rng: np.random.Generator) -> Samples:
    """Steady noise of a random slope, at times through a band or in slow gusts."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    frequency = np.maximum(np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE_HZ), 20)
    noise = np.fft.irfft(spectrum * frequency ** rng.uniform(-1.2, 0.3), n_samples)
    if rng.random() < 0.4:
        low = rng.uniform(60, 3000)
        band = butter(
            2, (low, min(low * rng.uniform(1.5, 8), 7800)), "band", fs=SAMPLE_RATE_HZ, output="sos"
        )
        noise = sosfilt(band, noise)
    if rng.random() < 0.5:
        t = np.arange(n_samples) / SAMPLE_RATE_HZ
        noise = noise * 10 ** (
            rng.uniform(0, 0.7) * np.sin(2 * np.pi * rng.uniform(0.05, 5) * t + rng.uniform(0, 6))
        )
    return _unit(noise)


def tones(n_samples: int, rng: np.random.Generator) -> Samples:
    """Beeps, whistles and sweeps, with harmonics or none."""
    signal = np.zeros(n_samples)
    at = 0
    while at < n_samples:
        length = int(rng.uniform(0.05, 1.5) * SAMPLE_RATE_HZ)
        t = np.arange(length) / SAMPLE_RATE_HZ
        frequency = rng.uniform(150, 4000) * (1 + rng.uniform(-0.5, 0.5) * t * (rng.random() < 0.5))
        angle = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE_HZ
        tone = sum(
            np.sin(h * angle) * rng.uniform(0, 1) / h for h in range(1, int(rng.integers(2, 7)))
        )
        tone = tone * np.minimum(1, np.minimum(t, t[::-1]) / 0.005) * rng.uniform(0.3, 1)
        tone = tone[: n_samples - at]
        signal[at : at + len(tone)] = tone
        at += length + int(rng.uniform(0, 0.8) * SAMPLE_RATE_HZ)
    return _unit(signal)


def chords(n_samples: int, rng: np.random.Generator) -> Samples:
    """Voices of an instrument: held, pulsing or plucked, their notes changing together or not."""
    signal = np.zeros(n_samples)
    t = np.arange(n_samples) / SAMPLE_RATE_HZ
    together, pulse_hz = rng.random() < 0.4, rng.uniform(0.7, 8)
    note_s = rng.uniform(0.3, 6) if rng.random() < 0.6 else 1e6  # else the notes never change
    edge = np.ones(int(rng.choice([1, 320, 1600])))
    duty, fall = rng.uniform(0.2, 0.9), rng.uniform(0.5, 12)
    kind = int(rng.choice(4, p=[0.4, 0.2, 0.2, 0.2]))
    scale = rng.choice(12, int(rng.integers(3, 8)), replace=False)
    harmonics = 1 if rng.random() < 0.5 else int(rng.integers(1, 10))
    slope = rng.uniform(0.8, 2.5)
    for _ in range(int(rng.integers(1, 7))):
        shift = 0.0 if together else rng.uniform(0, 1)
        notes = rng.choice(scale, n_samples // SAMPLE_RATE_HZ * 4 + 8) + 12 * rng.integers(0, 4)
        pitch = 65.0 * 2 ** (notes[(t / note_s + shift).astype(int)] / 12)
        wobble = rng.uniform(0, 0.012) * np.sin(2 * np.pi * rng.uniform(4, 7) * t)
        angle = 2 * np.pi * np.cumsum(pitch * (1 + wobble)) / SAMPLE_RATE_HZ
        tone = sum(
            np.sin(h * angle) * rng.uniform(0.3, 1) / h**slope * (h * pitch < 7600)
            for h in range(1, harmonics + 1)
        )
        phase = (t * pulse_hz + shift) % 1.0
        if kind == 0:  # switched on and off
            gate = np.convolve(phase < duty, edge / len(edge), "same")
            tone = tone * (rng.uniform(0, 0.2) * (rng.random() < 0.5) + gate)
        elif kind == 1:  # plucked
            tone = tone * np.exp(-fall * phase / pulse_hz)
        elif kind == 2:  # tremolo
            tone = tone * (1 - duty * (0.5 + 0.5 * np.cos(2 * np.pi * phase)))
        signal += tone * rng.uniform(0.3, 1)
    return _unit(signal + 1e-3 * rng.standard_normal(n_samples))


MAKERS: dict[str, Callable[[int, np.random.Generator], Samples]] = {
    "hum": hum,
    "clicks": clicks,
    "coloured": coloured,
    "tones": tones,
    "chords": chords,
}
