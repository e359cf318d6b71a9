"""Sentences spoken by a teacher, with the end of each phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.errors import PyWakewordError
from pywakeword.tts.recording.alignment import Aligner
from pywakeword.tts.text.flite import FliteVoice
from pywakeword.voices import open_voice
from tools.tts.features import FRAME_RATE_HZ, acoustic_frames

VOICE = "slt"
# The phones of flite's English voices; index 0 is the pause.
_PHONES = """
    pau aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th
    uh uw v w y z zh
"""
SYMBOLS = tuple(_PHONES.split())


@dataclass(frozen=True)
class Utterance:
    """One spoken sentence."""

    text: str
    symbols: npt.NDArray[np.int64]  # (n_symbols,)
    durations: npt.NDArray[np.int64]  # (n_symbols,), sums to n_frames
    frames: npt.NDArray[np.float32]  # (n_frames, FRAME_WIDTH)
    audio: npt.NDArray[np.float32]  # (n_samples,), 16 kHz


Teacher = Callable[[str], Optional[Utterance]]


def sentences(trees: Path, seed: int) -> list[str]:
    """Return different sentences of treebank files, of 3 to 18 plain words, shuffled."""
    found = dict.fromkeys(
        text
        for path in sorted(trees.glob("*.ptb"))
        for tree in path.read_text(encoding="utf-8").split("\n\n")
        if (text := _plain(re.findall(r"\(\S+ ([^\s()]+)\)", tree)))
    )
    order = np.random.default_rng(seed).permutation(len(found))
    every = list(found)
    return [every[i] for i in order]


def _plain(tokens: list[str]) -> str:
    text = " ".join(t for t in tokens if not t.startswith(("-", "*")))
    text = re.sub(r" (n't|'\w+|[.,?!])", r"\1", text)
    # Leave out what flite would expand (digits, capitals, dashes): the words are compared with
    # those that a recogniser finds.
    if re.search(r"[^a-zA-Z .,?!']|[A-Z]{2}", text) or not 3 <= len(text.split()) <= 18:
        return ""
    return text


def flite_teacher() -> Teacher:
    """Return flite's voice, which says itself where each phone ends."""
    voice = FliteVoice(VOICE)

    def speak(text: str) -> Utterance:
        spoken = voice.speak(text)
        return _utterance(text, spoken.pcm, spoken.phones, np.array(spoken.ends_s))

    return speak


def natural_teacher(name: str) -> Teacher:
    """Return a natural voice; its speech is aligned with flite's phones of the text."""
    say, reader, aligner = speech_of(name), FliteVoice(), Aligner()
    pause = np.zeros(SAMPLE_RATE_HZ // 10, np.int16)

    def speak(text: str) -> Utterance | None:
        pcm = np.concatenate([pause, say(text), pause])
        try:
            found = aligner.align_phones(pcm, reader.speak(text).by_word())
        except PyWakewordError:  # it pronounces a word otherwise than flite
            return None
        return _utterance(text, pcm, found.symbols, found.ends_s)

    return speak


def speech_of(teacher: str) -> Callable[[str], npt.NDArray[np.int16]]:
    """Return what speaks at 16 kHz as a teacher does."""
    if teacher == VOICE:
        flite = FliteVoice(VOICE)
        return lambda text: flite.speak(text).pcm
    voice = open_voice(teacher)

    def say(text: str) -> npt.NDArray[np.int16]:
        to_16k = Resampler(voice.sample_rate, SAMPLE_RATE_HZ)
        audio = (voice.synthesize(text) * 32767).astype(np.int16)
        return np.concatenate([to_16k.process_int16(audio), to_16k.finish()])

    return say


def _utterance(
    text: str,
    pcm: npt.NDArray[np.int16],
    phones: Sequence[str],
    ends_s: npt.NDArray[np.float64],
) -> Utterance:
    audio = pcm.astype(np.float32) / np.float32(32768)
    symbols = np.array([SYMBOLS.index(name) for name in phones])
    ends = np.round(ends_s * FRAME_RATE_HZ).astype(np.int64)
    frames = acoustic_frames(audio)
    # The audio is a few milliseconds longer or shorter than the phones.
    ends = np.minimum(ends, len(frames))
    ends[-1] = len(frames)
    return Utterance(text, symbols, np.diff(ends, prepend=0), frames, audio)


def prepare(
    trees: Path, work: Path, *, seed: int, count: int, held_out: int, teacher: str = VOICE
) -> list[Utterance]:
    """Let the teacher speak the training sentences, or load them from the work folder.

    The first `held_out` sentences are kept for the evaluation. Sentences that cannot be
    aligned are left out.
    """
    path = work / f"corpus-{teacher}-{seed}-{count}.npz"
    texts = sentences(trees, seed)[held_out : held_out + count]
    if not path.exists():
        speak = flite_teacher() if teacher == VOICE else natural_teacher(teacher)
        spoken = [item for text in texts if (item := speak(text)) is not None]
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, npt.NDArray[Any]] = {"texts": np.array([item.text for item in spoken])}
        for i, item in enumerate(spoken):
            arrays |= {f"s{i}": item.symbols, f"d{i}": item.durations}
            arrays |= {f"f{i}": item.frames, f"a{i}": (item.audio * 32768).astype(np.int16)}
        np.savez(path, **arrays)  # type: ignore[arg-type]
        return spoken
    with np.load(path) as stored:
        return [
            Utterance(
                str(text),
                stored[f"s{i}"],
                stored[f"d{i}"],
                stored[f"f{i}"],
                stored[f"a{i}"].astype(np.float32) / np.float32(32768),
            )
            for i, text in enumerate(stored["texts"])
        ]
