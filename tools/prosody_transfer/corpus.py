"""Transcribed speech as acoustic frames, with the duration of every phone.

Real speech is speechocean762 from `data/manifest.csv`; its train split is for training. The dev
split has other speakers: twelve for the reported figures, the others for choosing settings. The
bundled voice, flite's slt, speaks sentences of the train split and is one more training speaker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pywakeword.errors import SpeechlessAudioError, TextMismatchError
from pywakeword.training.material.corpus import Clip, decode, read_manifest
from pywakeword.training.material.features import to_pcm
from pywakeword.tts.recording.acoustic_frames import FRAME_RATE_HZ, N_MELS, acoustic_frames
from pywakeword.tts.recording.alignment import Aligner
from pywakeword.tts.text.flite import FliteVoice
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
        Phones and pauses, and frames per symbol.
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
        """Frames that are not pause, (n_frames,)."""
        return np.repeat(self.symbols != SYMBOLS.index("pau"), self.durations)

    @property
    def voiced(self) -> npt.NDArray[np.bool_]:
        """Voiced frames, (n_frames,)."""
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
    """Return the transcribed recordings that a released model may learn from."""
    clips = [
        clip
        for clip in read_manifest(data)
        if _COLLECTION in clip.path.relative_to(data).parts and clip.transcript
    ]
    strangers = sorted({clip.speaker for clip in clips if clip.split == "dev"})
    order = np.random.default_rng(5).permutation(len(strangers))
    reporting = {strangers[i] for i in order[:N_REPORTING]}

    def role(clip: Clip) -> str:
        if clip.split == "train":
            return "train"
        return "report" if clip.speaker in reporting else "choose"

    return [
        Recording(
            clip.path,
            clip.speaker,
            clip.transcript,
            role(clip),
            re.search(r"gender f", clip.note) is not None,
        )
        for clip in clips
    ]


def prepare(data: Path, work: Path) -> list[Item]:
    """Align and analyse everything; finished parts are read from `work`/corpus.

    Recordings that cannot be aligned with their transcript are left out, and counted.
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
        words = analyst.speak(recording.text).by_word()
        found = aligner.align_phones(to_pcm(audio), words, check=False)
        frames = acoustic_frames(audio)
        durations = found.durations(len(frames), FRAME_RATE_HZ)
    except (SpeechlessAudioError, TextMismatchError):
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
    """Yield sentences of the voice, which reports its own phone ends."""
    voice = FliteVoice(VOICE)
    for i, text in enumerate(texts):
        speech = voice.speak(text)
        frames = acoustic_frames(speech.pcm.astype(np.float32) / np.float32(32768))
        ends = np.round(np.array(speech.ends_s) * FRAME_RATE_HZ).astype(np.int64)
        ends = np.minimum(ends, len(frames))
        ends[-1] = len(frames)
        symbols = np.array([SYMBOLS.index(s) for s in speech.phones])
        yield Item(
            f"{VOICE}-{i:04d}",
            VOICE,
            text,
            "train",
            True,
            symbols,
            np.diff(ends, prepend=0),
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
    half.replace(path)  # so that a shard is never incomplete


def _load(path: Path) -> list[Item]:
    with np.load(path) as stored:
        return [
            Item(
                str(row[0]),
                str(row[1]),
                str(row[2]),
                str(row[3]),
                row[4] == "True",
                stored[f"s{i}"],
                stored[f"d{i}"],
                stored[f"f{i}"],
            )
            for i, row in enumerate(stored["labels"])
        ]
