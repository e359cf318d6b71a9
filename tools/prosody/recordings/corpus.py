"""Utterances for the prosody model: contours relative to the speaker's means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.training.material.corpus import Clip, read_manifest
from pywakeword.tts.prosody.model import phone_ids, phone_positions
from pywakeword.tts.recording.alignment import PHONES
from pywakeword.tts.recording.contours import PhoneContours
from tools.prosody.recordings.alignment import align_all
from tools.prosody.recordings.contours import measure_all

FEWEST_OF_A_SPEAKER = 3  # fewer do not separate speaker and utterance
SHORTEST_PAUSE_S = 0.08
_VALIDATION_OF = 8  # every eighth training speaker is for choosing settings
_MOST_OCTAVES = 1.0  # larger values are mostly octave errors

PhoneMeans = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Utterance:
    """One recording.

    Attributes
    ----------
    name, speaker, text : str
        File name, speaker and text.
    split : {"train", "validation", "dev"}
        Validation is part of the manifest's train split.
    phones : (n,) ndarray of int64
        Indexes into `PHONES`.
    positions : (n, N_POSITIONS) ndarray of float32
        From `phone_positions`.
    contours : (n, 3) ndarray of float32
        Octaves above the speaker's mean; dB and log seconds above the means of the phone and
        of the speaker.
    has_pitch : (n,) ndarray of bool
        Where the first column was measured.
    """

    name: str
    speaker: str
    text: str
    split: str
    phones: npt.NDArray[np.int64]
    positions: npt.NDArray[np.float32]
    contours: npt.NDArray[np.float32]
    has_pitch: npt.NDArray[np.bool_]


def read_corpus(data: Path, work: Path, most: int | None = None) -> list[Utterance]:
    """Align, measure and normalise the transcribed utterances that may be released.

    With `most`, only the first `most` of the manifest.
    """
    by_path, contours = _transcribed(data, work, most)
    training = {clip.group for clip in by_path.values() if clip.split == "train"}
    validation = set(sorted(training)[::_VALIDATION_OF])
    by_speaker: dict[str, list[Path]] = defaultdict(list)
    for path in contours:
        by_speaker[by_path[path].group].append(path)
    phone_means = _phone_means(by_path, contours)
    found = []
    for speaker, paths in sorted(by_speaker.items()):
        if len(paths) < FEWEST_OF_A_SPEAKER:
            continue
        for path, values in zip(paths, normalised([contours[p] for p in paths], phone_means)):
            clip, measured = by_path[path], contours[path]
            split = (
                "dev"
                if clip.split == "dev"
                else ("validation" if speaker in validation else "train")
            )
            found.append(
                Utterance(
                    path.name,
                    speaker,
                    clip.transcript,
                    split,
                    phone_ids(measured.names),
                    phone_positions(measured.pause_before_s > SHORTEST_PAUSE_S),
                    values,
                    measured.has_pitch,
                )
            )
    return found


def speech_clips(data: Path) -> list[Clip]:
    """Return the recordings of speech that may be released."""
    return [clip for clip in read_manifest(data) if clip.category == "speech"]


def training_phone_means(data: Path, work: Path, most: int | None = None) -> PhoneMeans:
    """Return the phone means that `read_corpus` uses, for other recordings."""
    return _phone_means(*_transcribed(data, work, most))


def normalised(
    contours: Sequence[PhoneContours], phone_means: PhoneMeans
) -> list[npt.NDArray[np.float32]]:
    """Return the `Utterance.contours` of all recordings of one speaker."""
    raw = [_raw(item, phone_means) for item in contours]
    every = np.concatenate(raw)
    voiced = np.concatenate([item.has_pitch for item in contours])
    mean = every.mean(axis=0)
    mean[0] = np.median(every[voiced, 0])
    found = []
    for values in raw:
        values = values - mean
        values[:, 0] = np.clip(values[:, 0], -_MOST_OCTAVES, _MOST_OCTAVES)
        found.append(values.astype(np.float32))
    return found


def _transcribed(
    data: Path, work: Path, most: int | None
) -> tuple[dict[Path, Clip], dict[Path, PhoneContours]]:
    """Return transcribed recordings by path, and the contours of those that could be aligned."""
    clips = [clip for clip in speech_clips(data) if clip.transcript][:most]
    by_path = {clip.path: clip for clip in clips}
    texts = {path: clip.transcript for path, clip in by_path.items()}
    alignments = align_all(texts, work / "alignments.jsonl")
    return by_path, measure_all(alignments, work / "contours.npz")


def _phone_means(
    by_path: Mapping[Path, Clip], contours: Mapping[Path, PhoneContours]
) -> PhoneMeans:
    """Return the means over training speakers."""
    return phone_means([contours[path] for path in contours if by_path[path].split == "train"])


def phone_means(contours: Iterable[PhoneContours]) -> PhoneMeans:
    """Return mean dB and log seconds of each phone."""
    values: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for item in contours:
        level = float(item.energy_db.mean())
        for name, energy, seconds in zip(item.names, item.energy_db, item.seconds):
            values[name].append((float(energy) - level, float(np.log(seconds))))
    whole = np.mean([pair for pairs in values.values() for pair in pairs], axis=0)
    return {name: np.mean(values[name], axis=0) if name in values else whole for name in PHONES}


def _raw(item: PhoneContours, phone_means: PhoneMeans) -> npt.NDArray[np.float64]:
    expected = np.array([phone_means[name] for name in item.names])
    energy = item.energy_db - item.energy_db.mean() - expected[:, 0]
    return np.stack([item.octaves, energy, np.log(item.seconds) - expected[:, 1]], axis=1)
