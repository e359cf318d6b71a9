"""One clip to one version of it: speed, voice, clipping and room, then features and teacher.

Every clip is brought to one active level and gets quiet around it. Noise, level, tilt and
playback are mixed in later, in the feature domain, freshly for every batch. The teacher
always hears the version without clipping and room.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material import rooms, synthesis
from pywakeword.training.material.boundaries import word_boundaries
from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import HOP, LEAD_S, TEACHER_STEP_FRAMES, WINDOW, lfbe
from pywakeword.training.material.teacher import SIZE, Teacher

TRAIL_S = 0.6
ACTIVE_LEVEL = 0.05  # RMS of the active parts, -26 dBFS
_SKIPPED_ROWS = 15  # 1.2 s
_WORD_SECONDS = (0.3, 1.6)  # takes outside have a click or a sentence for a word
_CLIPPED_SHARE = 0.15


@dataclass(frozen=True)
class Job:
    """One version of one clip to make."""

    kind: str  # real, synthetic
    label: str  # the target word spoken in isolation, else ""
    said: str
    group: str
    seed: int
    path: Path | None = None
    text: str = ""
    voice: synthesis.Voice | None = None
    altered: bool = False  # other speed, perhaps clipped, perhaps in a room
    warped: bool = False  # another voice: pitch, vocal tract and tempo by the WORLD vocoder


def active_rms(samples: npt.NDArray[np.floating]) -> float:
    """RMS over the 25 ms frames within 25 dB of the loudest."""
    n = len(samples) // WINDOW
    energy = (samples[: n * WINDOW].reshape(n, WINDOW) ** 2).mean(axis=1)
    return float(np.sqrt(energy[energy > energy.max() * 10**-2.5].mean()))


def warp_voice(
    samples: npt.NDArray[np.float32], rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Make another speaker of a recording: pitch, vocal-tract length and tempo."""
    import pyworld

    x = samples.astype(np.float64)
    coarse, times = pyworld.dio(x, SAMPLE_RATE_HZ)
    pitch = pyworld.stonemask(x, coarse, times, SAMPLE_RATE_HZ)
    envelope = pyworld.cheaptrick(x, pitch, times, SAMPLE_RATE_HZ)
    aperiodicity = pyworld.d4c(x, pitch, times, SAMPLE_RATE_HZ)
    tract = rng.uniform(0.84, 1.2)  # a child's formants lie about a fifth above a man's
    bins = np.arange(envelope.shape[1])
    source = np.clip(bins / tract, 0, bins[-1])
    low = np.minimum(source.astype(int), bins[-1] - 1)
    weight = source - low
    envelope = np.ascontiguousarray(envelope[:, low] * (1 - weight) + envelope[:, low + 1] * weight)
    period_ms = 5.0 * rng.uniform(0.85, 1.2)
    warped = pyworld.synthesize(
        pitch * rng.uniform(0.7, 1.5), envelope, aperiodicity, SAMPLE_RATE_HZ, period_ms
    )
    return np.asarray(warped, np.float32)


class VersionMaker:
    """Makes versions in a worker process; holds the teacher and the rooms."""

    def __init__(self, responses: list[npt.NDArray[np.float32]]) -> None:
        self._teacher, self._responses = Teacher(), responses

    def __call__(
        self, job: Job
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], dict[str, Any]] | None:
        """Features, teacher rows and index entry; None for a clip without a usable word."""
        rng = np.random.default_rng(job.seed)
        dry = self._load(job, rng)
        if len(dry) < SAMPLE_RATE_HZ // 5 or not np.abs(dry).max() > 1e-4:
            return None
        if job.warped:
            dry = warp_voice(dry, rng)
        elif job.altered:
            speed = rng.uniform(0.85, 1.18)
            dry = np.asarray(soxr.resample(dry, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * speed), np.float32)
        start = end = -1.0
        if job.label:
            try:
                first, last = word_boundaries(dry)
            except ValueError:
                return None
            if not _WORD_SECONDS[0] < (last - first) / SAMPLE_RATE_HZ < _WORD_SECONDS[1]:
                return None
            # Frame f ends at sample HOP * f + WINDOW; boundaries are counted in such frames.
            start, end = ((LEAD_S * SAMPLE_RATE_HZ + s - WINDOW) / HOP for s in (first, last))
        dry = dry * np.float32(ACTIVE_LEVEL / active_rms(dry))
        lead, trail = (np.zeros(int(s * SAMPLE_RATE_HZ), np.float32) for s in (LEAD_S, TRAIL_S))
        dry = np.concatenate([lead, dry, trail])
        dry += rng.normal(0, 1e-4, len(dry)).astype(np.float32)
        # The teacher skips most of the silence in front; rows that it did not make are nan.
        heard = self._teacher(dry[_SKIPPED_ROWS * TEACHER_STEP_FRAMES * HOP :])
        embeddings = np.concatenate([np.full((_SKIPPED_ROWS, SIZE), np.nan, np.float32), heard])
        wet = dry
        if job.altered and rng.random() < _CLIPPED_SHARE:
            limit = np.abs(wet).max() * rng.uniform(0.1, 0.7)
            wet = np.clip(wet, -limit, limit)
        if job.altered and rng.random() < 0.7:
            wet = rooms.reverberate(wet, self._responses[int(rng.integers(len(self._responses)))])
        return (
            lfbe(wet),
            embeddings,
            {
                "kind": job.kind,
                "label": job.label,
                "group": job.group,
                "said": job.said,
                "word_start": start,
                "word_end": end,
            },
        )

    @staticmethod
    def _load(job: Job, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        if job.path is not None:
            return decode(job.path)
        assert job.voice is not None
        return synthesis.speak(
            job.text, job.voice, rate=rng.uniform(0.75, 1.35), pitch=rng.uniform(0.6, 1.6)
        )
