"""The comparison: labelled dev speech in dev noise, and sounds that hold no speech."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material import playback
from pywakeword.training.material.corpus import decode, read_manifest
from pywakeword.training.material.features import HOP, lfbe, to_pcm
from pywakeword.training.material.levels import ACTIVE_LEVEL, active_rms
from tools.vad.data.labels import speech_frames
from tools.vad.data.sounds import MAKERS, Samples
from tools.vad.figures.rivals import Pcm

RATIOS_DB = (20, 10, 5, 0)
DELAYS_MS = tuple(range(0, 201, 10))
_STREAM_SECONDS = 60
_FLOOR_DBFS = -75.0


@dataclass(frozen=True)
class Stream:
    """Clean samples with a label per frame of the front end."""

    samples: npt.NDArray[np.float32]
    labels: npt.NDArray[np.bool_]


def clean_streams(data: Path, rng: np.random.Generator, *, share: float = 1.0) -> list[Stream]:
    """Dev takes at one level, in random order, with 0.3 to 2 s of silence between them."""
    clips = [
        c
        for c in read_manifest(data, "dev", released_only=False)
        if c.category in ("speech", "words", "wakewords")
    ]
    streams: list[Stream] = []
    samples: list[npt.NDArray[np.float32]] = []
    labels: list[npt.NDArray[np.bool_]] = []
    for index in rng.permutation(len(clips))[: int(share * len(clips))]:
        take = decode(clips[int(index)].path)
        if not np.abs(take).max(initial=0) > 1e-4:
            continue
        take = take[: len(take) // HOP * HOP] * np.float32(ACTIVE_LEVEL / active_rms(take))
        spoken = speech_frames(lfbe(take))
        if spoken is None:
            continue
        gap = int(rng.uniform(30, 200))
        samples += [np.zeros(gap * HOP, np.float32), take]
        # The front end's last two frames of a take reach beyond it: silence.
        labels += [np.zeros(gap, bool), np.pad(spoken, (0, len(take) // HOP - len(spoken)))]
        if sum(map(len, labels)) * HOP > _STREAM_SECONDS * SAMPLE_RATE_HZ:
            streams.append(Stream(np.concatenate(samples), np.concatenate(labels)))
            samples, labels = [], []
    return streams


def dev_noise(data: Path) -> list[npt.NDArray[np.float32]]:
    """Dev recordings of noise and music that hold no speech."""
    return [
        decode(c.path)
        for c in read_manifest(data, "dev", released_only=False)
        if c.category == "noise" and "speech_content" not in c.qa
    ]


def in_noise(
    stream: Stream, noises: list[npt.NDArray[np.float32]], ratio_db: float, rng: np.random.Generator
) -> Pcm:
    """Add one noise after the other, each for some seconds, and vary the level."""
    parts: list[npt.NDArray[np.float32]] = []
    while sum(map(len, parts)) < len(stream.samples):
        noise = noises[int(rng.integers(len(noises)))]
        stretch = np.resize(
            np.roll(noise, -int(rng.integers(len(noise)))), int(rng.uniform(5, 15) * SAMPLE_RATE_HZ)
        )
        parts.append(stretch * np.float32(ACTIVE_LEVEL / max(active_rms(stretch), 1e-6)))
    noise = np.concatenate(parts)[: len(stream.samples)] * np.float32(10 ** (-ratio_db / 20))
    mixed = (stream.samples + noise) * _gain(rng, -15, 6)
    return _with_floor(mixed, rng)


def _with_floor(samples: npt.NDArray[np.float32], rng: np.random.Generator) -> Pcm:
    floor = rng.standard_normal(len(samples), np.float32) * np.float32(10 ** (_FLOOR_DBFS / 20))
    return to_pcm(np.clip(samples + floor, -1, 1))


def voiceless(
    rng: np.random.Generator, *, seconds: float = 20, each: int = 12
) -> dict[str, list[Pcm]]:
    """Sounds made by code that a detector must not take for speech, at many levels."""
    n = int(seconds * SAMPLE_RATE_HZ)
    silences = [rng.standard_normal(n, np.float32) * _gain(rng, -96, -60) for _ in range(each)]
    made = {"near silence": [to_pcm(silence) for silence in silences]}

    def ringing(count: int, r: np.random.Generator) -> Samples:
        return playback.alarm(count / SAMPLE_RATE_HZ, r)

    for name, make in {**MAKERS, "ringing alarm": ringing}.items():
        made[name] = []
        for _ in range(each):
            sound = make(n, rng)
            sound = sound * (_gain(rng, -45, -6) / max(np.abs(sound).max(), 1e-6))
            made[name].append(_with_floor(sound, rng))
    return made


def _gain(rng: np.random.Generator, low_db: float, high_db: float) -> np.float32:
    return np.float32(10 ** (rng.uniform(low_db, high_db) / 20))
