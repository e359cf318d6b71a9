"""The recordings: rows of the manifest, and decoding to 16 kHz."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

READABLE = ("wav", "flac", "ogg", "opus", "mp3")
_FEWEST_TAKES = 12


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
        Leak group: clips that may share a speaker. A split must not divide a group.
    transcript : str
        What is said, where the source tells; lower case.
    source, licence : str
        For the model card.
    speaker, note : str
        As the manifest has them; both may be empty.
    split : str
        "train" or "dev".
    lang : str
        Code of the language; may be empty.
    """

    path: Path
    category: str
    label: str
    group: str
    transcript: str
    source: str
    licence: str
    qa: frozenset[str]
    speaker: str = ""
    note: str = ""
    split: str = ""
    lang: str = ""

    @property
    def said(self) -> str:
        """Text of the clip: the label of a wake word, else the transcript, plus flagged words."""
        said = self.label if self.category == "wakewords" else self.transcript
        flagged = [q.split(":", 1)[1] for q in self.qa if "contain" in q and ":" in q]
        return " ".join([said, *flagged]).replace("_", " ")

    def holds(self, word: str) -> bool:
        """Whether the clip may contain `word` somewhere."""
        return word.replace("_", " ") in self.said


def read_manifest(
    data: Path, split: str | None = None, *, released_only: bool = True
) -> list[Clip]:
    """Rows of `split` ("train" or "dev"; None for both), by default only those with release=ok."""
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Clip(
            path=data / row["path"],
            split=row["split"],
            speaker=row.get("speaker", ""),
            note=row.get("note", ""),
            category=row["category"],
            label=row["label"],
            group=row["leak_group"],
            transcript=row["transcript"].lower(),
            source=row["source_repo"],
            licence=row["licence"],
            qa=frozenset(re.split(r"[;\s]+", row["qa"]) if row["qa"] else ()),
            lang=row.get("lang", ""),
        )
        for row in rows
        if split in (None, row["split"]) and (row["release"] == "ok" or not released_only)
    ]


def folder_takes(folder: Path, word: str, split: str) -> list[Clip]:
    """List a user's recordings of `word`; every sixth file by name is dev, the rest train."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower().lstrip(".") in READABLE)
    if len(paths) < _FEWEST_TAKES:
        raise ValueError(f"{folder}: {len(paths)} recordings, at least {_FEWEST_TAKES} are needed")
    return [
        Clip(
            path=p,
            category="wakewords",
            label=word,
            group=p.stem,
            transcript=word,
            source=folder.name,
            licence="the user's own",
            qa=frozenset(),
        )
        for i, p in enumerate(paths)
        if (i % 6 == 5) == (split == "dev")
    ]


def decode(path: Path) -> npt.NDArray[np.float32]:
    """Mono samples in [-1, 1] at 16 kHz; other rates are resampled, channels averaged."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono: npt.NDArray[np.float32] = samples.mean(axis=1)
    if rate != SAMPLE_RATE_HZ:
        mono = np.asarray(soxr.resample(mono, rate, SAMPLE_RATE_HZ), np.float32)
    return mono
