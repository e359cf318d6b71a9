"""The recordings: what the manifest says of each file, and decoding to 16 kHz int16."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class Clip:
    """One row of manifest.csv.

    Attributes
    ----------
    path : Path
        Absolute path of the recording.
    category : str
        wakewords, speech, words, noise or rir.
    label : str
        The word of a wake-word clip, the kind of a noise; else often empty.
    group : str
        Leak group: clips that may share a speaker. Never split a group.
    transcript : str
        What is said, where the source tells; lower case.
    source, licence : str
        For the model card.
    """

    path: Path
    category: str
    label: str
    group: str
    transcript: str
    source: str
    licence: str
    qa: frozenset[str]

    def holds(self, word: str) -> bool:
        """Whether the clip may contain `word` somewhere."""
        said = self.label if self.category == "wakewords" else self.transcript
        return word in said.replace("_", " ") or any(q == f"contains:{word}" for q in self.qa)


def read_manifest(data: Path, split: str, *, released_only: bool = True) -> list[Clip]:
    """Rows of `split` ("train" or "dev"), those with release=ok unless told otherwise."""
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Clip(
            path=data / row["path"],
            category=row["category"],
            label=row["label"],
            group=row["leak_group"],
            transcript=row["transcript"].lower(),
            source=row["source_repo"],
            licence=row["licence"],
            qa=frozenset(filter(None, row["qa"].split(";"))),
        )
        for row in rows
        if row["split"] == split and (row["release"] == "ok" or not released_only)
    ]


def decode(path: Path) -> npt.NDArray[np.float32]:
    """Mono samples in [-1, 1] at 16 kHz; the data folder holds nothing else."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != SAMPLE_RATE:
        raise ValueError(f"{path}: {rate} Hz, expected {SAMPLE_RATE}")
    mono: npt.NDArray[np.float32] = samples[:, 0]
    return mono
