"""Transcribed speech as acoustic frames with the place of every phone.

Real speech is speechocean762's of `data/manifest.csv`: what is in its train split trains.
The speakers of the dev split are strangers to every network; twelve of them report, the
others choose. The bundled voice, flite's slt, says sentences of the train split and trains
as one speaker more: it is the voice that the product speaks with.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pywakeword.errors import TextMismatchError
from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import to_pcm
from pywakeword.tts.addon.flite import FliteVoice
from pywakeword.tts.recording.acoustic_frames import FRAME_RATE_HZ, N_MELS, acoustic_frames
from pywakeword.tts.recording.alignment import Aligner
from tools.tts.corpus import SYMBOLS, VOICE

_COLLECTION = "speechocean762"
_SHARD = 100
N_REPORTING = 12
VOICE_SENTENCES = 150


@dataclass(frozen=True)
class Item:
    """One recording.

    Attributes
    ----------
    name, speaker, text : str
    role : {"train", "choose", "report"}
    female : bool
    symbols, durations : (n_symbols,) ndarray of int64
        Phones, and the frames of each.
    frames : (n_frames, FRAME_WIDTH) ndarray of float32
    """

    name: str
    speaker: str
    text: str
    role: str
    female: bool
    symbols: npt.NDArray[np.int64]
    durations: npt.NDArray[np.int64]
    frames: npt.NDArray[np.float32]

    @property
    def spoken(self) -> npt.NDArray[np.bool_]:
        """Which frames are not pause, (n_frames,)."""
        return np.repeat(self.symbols != SYMBOLS.index("pau"), self.durations)

    @property
    def voiced(self) -> npt.NDArray[np.bool_]:
        """Which frames have a pitch, (n_frames,)."""
        return self.frames[:, N_MELS + 1] > 0.5


@dataclass(frozen=True)
class Recording:
    """A row of the manifest."""

    path: Path
    speaker: str
    text: str
    role: str
    female: bool


def recordings(data: Path) -> list[Recording]:
    """Transcribed recordings that a model which ships may learn from."""
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if f"/{_COLLECTION}/" in row["path"] and row["release"] == "ok" and row["transcript"]
        ]
    strangers = sorted({row["speaker"] for row in rows if row["split"] == "dev"})
    order = np.random.default_rng(5).permutation(len(strangers))
    reporting = {strangers[i] for i in order[:N_REPORTING]}

    def role(row: dict[str, str]) -> str:
        if row["split"] == "train":
            return "train"
        return "report" if row["speaker"] in reporting else "choose"

    return [
        Recording(
            data / row["path"],
            row["speaker"],
            row["transcript"].lower(),
            role(row),
            re.search(r"gender f", row["note"]) is not None,
        )
        for row in rows
    ]


def prepare(data: Path, work: Path) -> list[Item]:
    """Align and analyse everything; what was done before is read from `work`/corpus.

    Recordings that do not hold their transcript are left out, and counted.
    """
    folder = work / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    real = recordings(data)
    items: list[Item] = []
    aligner, analyst = Aligner(), FliteVoice("kal16")
    for start in tqdm(range(0, len(real), _SHARD), desc="alignment", mininterval=10):
        path = folder / f"real-{start:05d}.npz"
        if not path.exists():
            shard = real[start : start + _SHARD]
            _save(path, [item for r in shard if (item := _aligned(r, aligner, analyst))])
        items += _load(path)
    path = folder / f"{VOICE}.npz"
    if not path.exists():
        texts = dict.fromkeys(r.text for r in real if r.role == "train")
        chosen = np.random.default_rng(6).permutation(len(texts))[:VOICE_SENTENCES]
        _save(path, list(_spoken([list(texts)[i] for i in chosen])))
    print(f"{len(items)} of {len(real)} recordings hold their transcripts")
    return items + _load(path)


def _aligned(recording: Recording, aligner: Aligner, analyst: FliteVoice) -> Item | None:
    audio = decode(recording.path)
    try:
        found = aligner.align(to_pcm(audio), analyst.speak(recording.text).by_word())
        frames = acoustic_frames(audio)
        durations = aligner.frames_of(found, len(frames), FRAME_RATE_HZ)
    except TextMismatchError:
        return None
    symbols = np.array([SYMBOLS.index(s) for s in found.symbols])
    return Item(
        recording.path.stem,
        recording.speaker,
        recording.text,
        recording.role,
        recording.female,
        symbols,
        durations,
        frames,
    )


def _spoken(texts: Sequence[str]) -> Iterator[Item]:
    """Yield the voice's sentences; it says itself where its phones end."""
    voice = FliteVoice(VOICE)
    for i, text in enumerate(texts):
        speech = voice.speak(text)
        frames = acoustic_frames(speech.pcm.astype(np.float32) / 32768)
        ends = np.minimum(np.round(np.array(speech.ends_s) * FRAME_RATE_HZ), len(frames))
        ends[-1] = len(frames)
        symbols = np.array([SYMBOLS.index(s) for s in speech.phones])
        yield Item(
            f"{VOICE}-{i:04d}",
            VOICE,
            text,
            "train",
            True,
            symbols,
            np.diff(ends.astype(np.int64), prepend=0),
            frames,
        )


def _save(path: Path, items: Sequence[Item]) -> None:
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "labels": np.array([(i.name, i.speaker, i.text, i.role, str(i.female)) for i in items])
    }
    for i, item in enumerate(items):
        arrays |= {f"s{i}": item.symbols, f"d{i}": item.durations, f"f{i}": item.frames}
    half = path.with_suffix(".part.npz")
    np.savez(half, **arrays)  # type: ignore[arg-type]
    half.replace(path)  # a shard is there whole, or not at all


def _load(path: Path) -> list[Item]:
    with np.load(path) as stored:
        return [
            Item(
                *map(str, row[:4]),
                row[4] == "True",
                stored[f"s{i}"],
                stored[f"d{i}"],
                stored[f"f{i}"],
            )
            for i, row in enumerate(stored["labels"])
        ]
