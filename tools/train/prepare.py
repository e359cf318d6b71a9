"""Stage 1: recordings and synthetic voices to features, teacher embeddings, interference.

Every clip is brought to one active level, gets quiet around it, and is stored in several
versions (speed, room). Noise, level, tilt and playback are mixed in later, in the feature
domain, freshly for every batch. The teacher always hears the version without room.
"""

from __future__ import annotations

import json
import multiprocessing
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from tqdm import tqdm

from tools.train import playback, rooms, synthesis
from tools.train.boundaries import word_boundaries
from tools.train.corpus import SAMPLE_RATE, Clip, decode, read_manifest
from tools.train.features import HOP, LEAD_S, TEACHER_STEP_FRAMES, WINDOW, Store, StoreWriter, lfbe
from tools.train.teacher import SIZE, Teacher

TRAIL_S = 0.6
ACTIVE_LEVEL = 0.05  # RMS of the active parts, -26 dBFS
_SKIPPED_ROWS = 15  # 1.2 s
_WORD_SECONDS = (0.3, 1.6)  # takes outside have a click or a sentence for a word


@dataclass(frozen=True)
class Job:
    """One version of one clip to make."""

    kind: str  # real, synthetic
    label: str  # wake word spoken in isolation, else ""
    group: str
    seed: int
    path: Path | None = None
    text: str = ""
    voice: synthesis.Voice | None = None
    altered: bool = False  # other speed and perhaps a room


def active_rms(samples: npt.NDArray[np.float32]) -> float:
    """RMS over the 25 ms frames within 25 dB of the loudest."""
    n = len(samples) // WINDOW
    energy = (samples[: n * WINDOW].reshape(n, WINDOW) ** 2).mean(axis=1)
    return float(np.sqrt(energy[energy > energy.max() * 10**-2.5].mean()))


def _load(job: Job, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    if job.path is not None:
        return decode(job.path)
    assert job.voice is not None
    return synthesis.speak(job.text, job.voice, rate=rng.uniform(0.75, 1.35),
                           pitch=rng.uniform(0.6, 1.6))  # fmt: skip


_state: dict[str, object] = {}


def _start_worker(responses: list[npt.NDArray[np.float32]]) -> None:
    _state["teacher"], _state["rooms"] = Teacher(), responses


def _make(job: Job):
    rng = np.random.default_rng(job.seed)
    dry = _load(job, rng)
    if len(dry) < SAMPLE_RATE // 5 or not np.abs(dry).max() > 1e-4:
        return None
    if job.altered:
        dry = soxr.resample(dry, SAMPLE_RATE, SAMPLE_RATE * rng.uniform(0.85, 1.18)).astype(
            np.float32
        )
    start = end = -1.0
    if job.label:
        try:
            first, last = word_boundaries(dry)
        except ValueError:
            return None
        if not _WORD_SECONDS[0] < (last - first) / SAMPLE_RATE < _WORD_SECONDS[1]:
            return None
        # Frame f ends at sample HOP * f + WINDOW; boundaries are counted in such frames.
        start, end = ((LEAD_S * SAMPLE_RATE + s - WINDOW) / HOP for s in (first, last))
    dry = dry * (ACTIVE_LEVEL / active_rms(dry))
    lead, trail = (np.zeros(int(s * SAMPLE_RATE), np.float32) for s in (LEAD_S, TRAIL_S))
    dry = np.concatenate([lead, dry, trail])
    dry += rng.normal(0, 1e-4, len(dry)).astype(np.float32)
    # The teacher skips most of the silence in front; rows that it did not make are nan.
    heard = _state["teacher"](dry[_SKIPPED_ROWS * TEACHER_STEP_FRAMES * HOP :])  # type: ignore[operator]
    embeddings = np.concatenate([np.full((_SKIPPED_ROWS, SIZE), np.nan, np.float32), heard])
    wet = dry
    if job.altered and rng.random() < 0.7:
        responses = _state["rooms"]
        wet = rooms.reverberate(dry, responses[int(rng.integers(len(responses)))])  # type: ignore[arg-type, index]
    return lfbe(wet), embeddings, {
        "kind": job.kind, "label": job.label, "group": job.group,
        "word_start": start, "word_end": end,
    }  # fmt: skip


def treebank_sentences(data: Path, rng: np.random.Generator, count: int) -> list[str]:
    """Sentences of the treebank, four to twenty words."""
    text = "\n".join(p.read_text(encoding="utf-8") for p in sorted((data / "trees").glob("*.ptb")))
    found = []
    for tree in text.split("\n\n"):
        tokens = re.findall(r"\(\S+ ([^\s()]+)\)", tree)
        if 4 <= len(tokens) <= 20:
            found.append(" ".join(t for t in tokens if not t.startswith("-")))
    return [found[i] for i in rng.permutation(len(found))[:count]]


def _jobs(
    clips: list[Clip], words: list[str], data: Path, seed: int, scale: float
) -> Iterator[Job]:
    rng = np.random.default_rng(seed)
    counter = iter(range(10**9))

    def job(**what) -> Job:
        return Job(seed=seed * 10**6 + next(counter), **what)

    for clip in clips:
        if clip.category not in ("wakewords", "words", "speech"):
            continue
        isolated = clip.category == "wakewords" and clip.label in words
        if not isolated and any(clip.holds(w) for w in words):
            continue  # the word somewhere in a sentence: neither a clean positive nor a negative
        copies = 8 if isolated else 2 if clip.category == "wakewords" else 1
        for copy in range(copies):
            yield job(kind="real", label=clip.label if isolated else "", group=clip.group,
                      path=clip.path, altered=copy > 0 or rng.random() < 0.5)  # fmt: skip
    table = json.loads((Path(__file__).parent / "words.json").read_text())
    every_voice = synthesis.voices()

    def voice() -> synthesis.Voice:
        return every_voice[int(rng.integers(len(every_voice)))]

    for word in words:
        spec = table.get(word, {"spoken": [word.replace("_", " ")], "near_misses": []})
        for i in range(int(350 * scale)):
            yield job(kind="synthetic", label=word, group="synthetic", voice=voice(),
                      text=spec["spoken"][i % len(spec["spoken"])], altered=i % 3 > 0)  # fmt: skip
        # Half words come by themselves: whatever the word starts or ends with.
        halves = [word[:k] for k in (-3, -2)] + [word[k:] for k in (2, 3)]
        misses = spec["near_misses"] * 3 + halves
        for i in range(int(350 * scale)):
            yield job(kind="synthetic", label="", group="synthetic", voice=voice(),
                      text=misses[i % len(misses)], altered=i % 3 > 0)  # fmt: skip
    for i, sentence in enumerate(treebank_sentences(data, rng, int(1000 * scale))):
        if not any(w in sentence.lower() for w in words):
            yield job(kind="synthetic", label="", group="synthetic", voice=voice(), text=sentence,
                      altered=i % 2 > 0)  # fmt: skip


def prepare_speech(
    data: Path, work: Path, words: list[str], *, seed: int = 1, workers: int = 2, scale: float = 1.0
) -> Store:
    """Make (or reopen) the store of training speech."""
    folder = work / "speech"
    if Store.exists(folder):
        return Store(folder)
    clips = read_manifest(data, "train")
    rng = np.random.default_rng(seed)
    responses = rooms.measured_rooms(clips) + rooms.simulated_rooms(int(60 * scale), rng)
    jobs = list(_jobs(clips, words, data, seed, scale))
    writer = StoreWriter(folder)
    with multiprocessing.Pool(workers, _start_worker, (responses,)) as pool:
        for made in tqdm(pool.imap(_make, jobs, chunksize=8), total=len(jobs), desc="speech"):
            if made is not None:
                features, embeddings, what = made
                writer.add(features, embeddings, **what)
    writer.close()
    return Store(folder)


def prepare_interference(
    data: Path, work: Path, words: list[str], *, seed: int = 2, scale: float = 1.0
) -> Store:
    """Make (or reopen) the store of what the device hears besides the person.

    Kinds: noise, babble, and the device's own music, tts and alarm, these three through
    a loudspeaker and a room. All at the same active level as the speech.
    """
    folder = work / "interference"
    if Store.exists(folder):
        return Store(folder)
    rng = np.random.default_rng(seed)
    clips = read_manifest(data, "train")
    responses = rooms.measured_rooms(clips) + rooms.simulated_rooms(int(30 * scale), rng)
    writer = StoreWriter(folder)

    def add(samples: npt.NDArray[np.float32], kind: str, label: str) -> None:
        level = active_rms(samples)
        if level > 0:
            writer.add(lfbe(samples * (ACTIVE_LEVEL / level)), None, kind=kind, label=label,
                       group=kind)  # fmt: skip

    def played(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        response = responses[int(rng.integers(len(responses)))]
        return rooms.reverberate(playback.loudspeaker(samples, rng), response)

    for clip in clips:
        if clip.category == "noise":
            samples = decode(clip.path)
            add(np.resize(samples, max(len(samples), 5 * SAMPLE_RATE)), "noise", clip.label)
            if clip.label == "music":
                add(played(samples), "music", clip.label)
    speech = [c for c in clips if c.category == "speech"]
    for _ in range(int(60 * scale)):
        mixture = np.zeros(15 * SAMPLE_RATE, np.float32)
        for _ in range(int(rng.integers(3, 9))):
            voice = decode(speech[int(rng.integers(len(speech)))].path)
            mixture += np.resize(voice / active_rms(voice), len(mixture)) * rng.uniform(0.3, 1)
        add(mixture, "babble", "")
    for _ in range(int(60 * scale)):
        add(played(playback.alarm(12, rng)), "alarm", "")
    voices = synthesis.voices()
    said = treebank_sentences(data, rng, int(220 * scale))
    # What the device itself says is never a person calling it, its own name included.
    said += [f"{word}, {sentence}" for word in words for sentence in said[: int(20 * scale)]]
    for sentence in said:
        voice = voices[int(rng.integers(len(voices)))]
        add(played(synthesis.speak(sentence, voice)), "tts", voice.name)
    excerpts = playback.render_music(playback.TRAIN_COMPOSERS, int(70 * scale), 30, rng)
    for excerpt in tqdm(excerpts, desc="music"):
        add(played(excerpt), "music", "")
    writer.close()
    return Store(folder)
