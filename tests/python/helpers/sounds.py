"""Audio for tests: speech of a free voice, sounds that are not speech, and an echo."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]
GOLDEN = Path(__file__).parents[2] / "golden"
RATE = 16000


def spoken(word: str) -> Pcm:
    """A wake word and a request; tests/golden/make_speech.py made it."""
    with wave.open(str(GOLDEN / f"{word}.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


# Where the words lie in the golden file, by its energy.
COMPUTER = (round(1.16 * RATE), round(1.83 * RATE))
REQUEST = (round(2.42 * RATE), round(4.14 * RATE))


def floor(seconds: float, rms: float = 20.0, seed: int = 3) -> Pcm:
    """Near silence: faint noise."""
    noise = np.random.default_rng(seed).normal(0, rms, round(seconds * RATE))
    return np.rint(noise).astype(np.int16)


def request() -> Pcm:
    """The request alone, without the wake word."""
    return spoken("computer")[REQUEST[0] - 800 : REQUEST[1] + 1600]


def hum(seconds: float, amplitude: float = 3000.0, hertz: float = 50.0) -> Pcm:
    t = np.arange(round(seconds * RATE)) / RATE
    wave_form = sum(np.sin(2 * np.pi * hertz * h * t + h) / h for h in range(1, 12))
    return np.rint(amplitude * wave_form).astype(np.int16) + floor(seconds)


def clicks(seconds: float, amplitude: float = 15000.0, period_s: float = 0.31) -> Pcm:
    pcm = floor(seconds).astype(np.float64)
    burst = np.random.default_rng(4).normal(0, 0.5, 160) * np.exp(-np.arange(160) / 30)
    for start in range(0, len(pcm) - 160, round(period_s * RATE)):
        pcm[start : start + 160] += amplitude * burst
    return np.clip(np.rint(pcm), -32768, 32767).astype(np.int16)


def alarm(seconds: float, amplitude: float = 9000.0, hertz: float = 2000.0) -> Pcm:
    """Three beeps and a pause, repeated."""
    t = np.arange(round(seconds * RATE)) / RATE
    beeping = ((t / 0.125).astype(int) % 2 == 0) & ((t % 1.0) < 0.7)
    gate = np.convolve(beeping, np.ones(80) / 80, "same")
    tone = np.sin(2 * np.pi * hertz * t) + 0.3 * np.sin(4 * np.pi * hertz * t)
    return np.rint(amplitude * tone * gate).astype(np.int16) + floor(seconds)


def noise(seconds: float, rms: float = 1500.0) -> Pcm:
    return np.clip(floor(seconds, rms), -32768, 32767)


def echo_of(loudspeaker: Pcm, delay: int = 700) -> Pcm:
    """What a microphone records of a loudspeaker: the sound, and one reflection."""
    echo = np.zeros(len(loudspeaker))
    echo[delay:] += 0.4 * loudspeaker[: len(echo) - delay]
    echo[delay + 500 :] -= 0.2 * loudspeaker[: len(echo) - delay - 500]
    return np.rint(echo).astype(np.int16)


def played(seconds: float, *, delay: int = 700, seed: int = 0) -> tuple[Pcm, Pcm]:
    """A microphone that records a loudspeaker, which plays noise; and the loudspeaker."""
    loudspeaker = floor(seconds, 4000, seed)
    return echo_of(loudspeaker, delay), loudspeaker
