"""Stage 1: speech with frame labels, and everything that is not speech, as features.

Labels come from the dry take, also for versions in a room: what rings on is not speech.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr
from tqdm import tqdm

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material import rooms
from pywakeword.training.material.corpus import Clip, decode, read_manifest
from pywakeword.training.material.features import N_MELS, Store, lfbe
from pywakeword.training.material.interference import prepare_interference
from pywakeword.training.material.levels import ACTIVE_LEVEL, active_rms
from tools.vad.data.labels import speech_frames
from tools.vad.data.sounds import MAKERS, chords

_SPEECH = ("speech", "words", "wakewords")
_SOUND_SECONDS = 12
_SOUNDS_OF_A_KIND = 80
_CHORDS = 100
# Kinds of the interference store that hold no voice; "noise" has babble files, left out below.
_VOICELESS = ("noise", "music", "alarm")


@dataclass(frozen=True)
class Pieces:
    """Clips of features one after the other; clip i is [bounds[i], bounds[i + 1])."""

    features: npt.NDArray[np.float16]
    labels: npt.NDArray[np.bool_]  # empty for sounds that hold no speech
    bounds: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bounds) - 1


def _save(
    path: Path, features: list[npt.NDArray[np.float16]], labels: list[npt.NDArray[np.bool_]]
) -> Pieces:
    bounds = np.cumsum([0, *(len(f) for f in features)])
    every = np.concatenate(labels) if labels else np.zeros(0, bool)
    pieces = Pieces(np.concatenate(features), every, bounds)
    np.savez(path, features=pieces.features, labels=pieces.labels, bounds=pieces.bounds)
    return pieces


def _load(path: Path) -> Pieces:
    with np.load(path) as arrays:
        return Pieces(arrays["features"], arrays["labels"], arrays["bounds"])


def _versions(
    samples: npt.NDArray[np.float32],
    responses: list[npt.NDArray[np.float32]],
    copies: int,
    rng: np.random.Generator,
) -> list[tuple[npt.NDArray[np.float16], npt.NDArray[np.bool_]]]:
    """Return the take as it is, then at other speeds and mostly in a room."""
    made = []
    for copy in range(copies):
        dry = samples
        if copy > 0:
            rate = SAMPLE_RATE_HZ * rng.uniform(0.85, 1.18)
            dry = soxr.resample(samples, SAMPLE_RATE_HZ, rate).astype(np.float32)
        level = active_rms(dry)
        if not level > 0:
            continue
        dry = dry * np.float32(ACTIVE_LEVEL / level)
        features = lfbe(dry)
        labels = speech_frames(features)
        if labels is None:
            continue
        if copy > 0 and rng.random() < 0.7:
            features = lfbe(rooms.reverberate(dry, responses[int(rng.integers(len(responses)))]))
        made.append((features.astype(np.float16), labels))
    return made


def prepare_speech(data: Path, work: Path, *, seed: int, scale: float = 1.0) -> Pieces:
    """Make (or reopen) the labelled speech."""
    path = work / "vad_speech.npz"
    if path.exists():
        return _load(path)
    clips = [c for c in read_manifest(data, "train") if c.category in _SPEECH]
    clips = clips[:: max(1, round(1 / scale))]
    rng = np.random.default_rng(seed)
    responses = rooms.measured_rooms(read_manifest(data, "train")) + rooms.simulated_rooms(40, rng)
    made = []
    for clip in tqdm(clips, desc="speech", mininterval=10):
        made += _versions(decode(clip.path), responses, 2 if clip.category == "speech" else 1, rng)
    return _save(path, [f for f, _ in made], [labels for _, labels in made])


def prepare_sounds(data: Path, work: Path, *, seed: int, scale: float = 1.0) -> Pieces:
    """Make (or reopen) what is not speech: recordings, rendered music, alarms, code."""
    path = work / "vad_sounds.npz"
    if path.exists():
        return _load(path)
    spoken = {c.label for c in _noises(data, spoken=True)}
    store: Store = prepare_interference(data, work, scale=scale)
    features = [
        store.features[e.first_frame : e.first_frame + e.n_frames]
        for e in store.entries
        if e.kind in _VOICELESS and e.label not in spoken
    ]
    rng = np.random.default_rng(seed)
    for make in MAKERS.values():
        for _ in range(int(_SOUNDS_OF_A_KIND * scale)):
            samples = make(_SOUND_SECONDS * SAMPLE_RATE_HZ, rng)
            features.append(_at_level(samples))
    assert all(f.shape[1] == N_MELS for f in features)
    return _save(path, features, [])


def prepare_music(data: Path, work: Path, *, seed: int, scale: float = 1.0) -> Pieces:
    """Make (or reopen) music alone: recorded, rendered from scores, chords made by code."""
    path = work / "vad_music.npz"
    if path.exists():
        return _load(path)
    store: Store = prepare_interference(data, work, scale=scale)
    features = [
        store.features[e.first_frame : e.first_frame + e.n_frames]
        for e in store.entries
        if e.kind == "music" or e.label.startswith("music")
    ]
    rng = np.random.default_rng(seed)
    for _ in range(int(_CHORDS * scale)):
        features.append(_at_level(chords(_SOUND_SECONDS * SAMPLE_RATE_HZ, rng)))
    return _save(path, features, [])


def _at_level(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    return lfbe(samples * np.float32(ACTIVE_LEVEL / active_rms(samples))).astype(np.float16)


def _noises(data: Path, *, spoken: bool) -> list[Clip]:
    """Train noises with, or without, speech in them."""
    return [
        c
        for c in read_manifest(data, "train")
        if c.category == "noise" and ("speech_content" in c.qa or "babble" in c.label) == spoken
    ]


def provenance(data: Path) -> list[dict[str, Any]]:
    """List sources and licences of the recordings, for the card."""
    clips = [c for c in read_manifest(data, "train") if c.category in _SPEECH]
    clips += _noises(data, spoken=False)
    counts = Counter((c.category, c.source, c.licence) for c in clips)
    return [
        {"kind": kind, "source": source, "licence": licence, "files": n}
        for (kind, source, licence), n in sorted(counts.items())
    ]
