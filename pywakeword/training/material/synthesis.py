"""Speech from free voices: espeak-ng variants and flite, as subprocesses.

Every second voice of espeak-ng and flite's slt, rms and awb are kept for the evaluation, so
that no model is scored on a voice that it trained on.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import soxr

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-gb-x-gbclan")
_VARIANTS = (
    "",
    "+f1",
    "+f2",
    "+f3",
    "+f4",
    "+f5",
    "+m1",
    "+m2",
    "+m3",
    "+m4",
    "+m5",
    "+m6",
    "+m7",
    "+m8",
    "+croak",
    "+klatt",
    "+klatt3",
    "+linda",
    "+steph",
    "+iven",
    "+boris",
    "+edward",
    "+max",
    "+annie",
    "+belinda",
    "+zac",
    "+michael",
)
_FLITE_VOICES, _FLITE_HELD_OUT = ("kal16",), ("slt", "rms", "awb")


@dataclass(frozen=True)
class Voice:
    """A voice of one engine, by the name that the engine gives it."""

    engine: str  # "espeak-ng" or "flite"
    name: str


def voices(*, evaluation: bool = False) -> list[Voice]:
    """Return the training voices, or those held out for evaluation."""
    every = [Voice("espeak-ng", a + v) for v in _VARIANTS for a in _ACCENTS]
    flite = _FLITE_HELD_OUT if evaluation else _FLITE_VOICES
    return every[evaluation::2] + [Voice("flite", name) for name in flite]


@lru_cache(maxsize=1)
def _check_engines() -> None:
    missing = [e for e in ("espeak-ng", "flite") if shutil.which(e) is None]
    if missing:
        raise FileNotFoundError(
            f"not installed: {', '.join(missing)} (Debian packages of that name)"
        )


def speak(
    text: str, voice: Voice, *, rate: float = 1.0, pitch: float = 1.0
) -> npt.NDArray[np.float32]:
    """Speak `text` and return mono samples at 16 kHz.

    `rate` and `pitch` are factors on the voice's own defaults.
    """
    _check_engines()
    if voice.engine == "espeak-ng":
        command = [
            "espeak-ng",
            "-v",
            voice.name,
            "-s",
            str(round(165 * rate)),
            "-p",
            str(int(np.clip(50 * pitch, 0, 99))),
            "--stdout",
            text,
        ]
    else:
        command = [
            "flite",
            "-voice",
            voice.name,
            "--setf",
            f"duration_stretch={1 / rate:.3f}",
            "--setf",
            f"int_f0_target_mean={110 * pitch:.0f}",
            "-t",
            text,
            "-o",
            "/dev/stdout",
        ]
    done = subprocess.run(command, capture_output=True, check=True)
    # Both write a RIFF header for a stream of unknown length; the samples follow it.
    header = done.stdout.index(b"data") + 8
    rate_hz = int.from_bytes(done.stdout[24:28], "little")
    raw = done.stdout[header : header + (len(done.stdout) - header) // 2 * 2]
    samples = np.frombuffer(raw, "<i2").astype(np.float32) / 32768
    return np.asarray(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ), np.float32)
