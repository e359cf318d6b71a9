"""One clip to one version of it: speed, voice, clipping and room, then features and teacher.

Every clip is brought to one active level and gets quiet around it. Noise, level, tilt and
playback are mixed in later, in the feature domain, freshly for every batch. The teacher
always gets the version without clipping and room.
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
from pywakeword.training.material.levels import ACTIVE_LEVEL, active_rms
from pywakeword.training.material.splicing import splice
from pywakeword.training.material.teacher import SIZE, Teacher

TRAIL_S = 0.6
_SKIPPED_ROWS = 15  # 1.2 s
_WORD_SECONDS = (0.22, 1.6)  # outside: a click or a sentence
_CLIPPED_SHARE = 0.15
_FAST_SHARE = 0.25  # of the altered versions: tempo, pitch and formants up, as a child's voice


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
    span: tuple[int, int] | None = None  # samples of the word in `path`, where they are known
    before: Path | None = None  # speech that runs into the word, and on behind it
    after: Path | None = None


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
    tract = rng.uniform(0.84, 1.3)  # a child's formants lie about a fifth above a man's
    bins = np.arange(envelope.shape[1])
    source = np.clip(bins / tract, 0, bins[-1])
    low = np.minimum(source.astype(int), bins[-1] - 1)
    weight = source - low
    envelope = np.ascontiguousarray(envelope[:, low] * (1 - weight) + envelope[:, low + 1] * weight)
    period_ms = 5.0 * rng.uniform(0.85, 1.2)
    warped = pyworld.synthesize(
        pitch * rng.uniform(0.7, 1.7), envelope, aperiodicity, SAMPLE_RATE_HZ, period_ms
    )
    return np.asarray(warped, np.float32)


class VersionMaker:
    """Makes versions in a worker process; holds the teacher, if one is wanted, and the rooms."""

    def __init__(self, responses: list[npt.NDArray[np.float32]], *, teacher: bool = True) -> None:
        self._teacher, self._responses = Teacher() if teacher else None, responses

    def __call__(
        self, job: Job
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None, dict[str, Any]] | None:
        """Features, teacher rows and index entry; None for a clip without a usable word."""
        rng = np.random.default_rng(job.seed)
        try:
            dry, span = self._load(job, rng)
        except ValueError:
            return None
        if len(dry) < SAMPLE_RATE_HZ // 5 or not np.abs(dry).max() > 1e-4:
            return None
        length = len(dry)
        if job.warped:
            dry = warp_voice(dry, rng)
        elif job.altered:
            fast = rng.random() < _FAST_SHARE
            speed = rng.uniform(1.18, 1.42) if fast else rng.uniform(0.85, 1.18)
            dry = np.asarray(soxr.resample(dry, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * speed), np.float32)
        start = end = -1.0
        if job.label:
            try:
                # Both changes stretch the time evenly.
                stretch = len(dry) / length
                first, last = word_boundaries(dry) if span is None else (s * stretch for s in span)
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
        embeddings = None
        if self._teacher is not None:
            # It skips most of the silence in front; rows that it did not make are nan.
            rows = self._teacher(dry[_SKIPPED_ROWS * TEACHER_STEP_FRAMES * HOP :])
            embeddings = np.concatenate([np.full((_SKIPPED_ROWS, SIZE), np.nan, np.float32), rows])
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
    def _load(
        job: Job, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.float32], tuple[int, int] | None]:
        """Return the samples, and where the word lies in them, if that is known."""
        if job.path is None:
            assert job.voice is not None
            rate, pitch = rng.uniform(0.75, 1.35), rng.uniform(0.6, 1.6)
            return synthesis.speak(job.text, job.voice, rate=rate, pitch=pitch), None
        samples = decode(job.path)
        if job.before is None and job.after is None:
            return samples, job.span
        before = None if job.before is None else decode(job.before)
        after = None if job.after is None else decode(job.after)
        return splice(samples, before, after, rng)
