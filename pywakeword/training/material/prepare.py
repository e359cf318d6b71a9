"""Stage 1: make versions of the clips, into one store per word and one shared store.

`speech` holds what serves every word: other words, read speech, synthetic sentences.
`words/<word>/speech` holds the takes of one word, its synthetic takes and near misses.
A further word needs only its own store.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pywakeword.training.material import rooms, synthesis
from pywakeword.training.material.corpus import Clip, read_manifest
from pywakeword.training.material.features import Store, StoreWriter
from pywakeword.training.material.near_misses import near_misses
from pywakeword.training.material.sentences import treebank_sentences
from pywakeword.training.material.versions import Job, VersionMaker

_SENTENCES = 400
_WARPED_SHARE = {"wakewords": 0.3, "words": 0.1, "speech": 0.05}  # of the recordings without it
_TAKE_VERSIONS, _TAKE_WARPS = 6, 3
_SYNTHETIC_TAKES, _SYNTHETIC_ALONE, _NEAR_MISSES = 200, 1500, 250

_worker: dict[str, VersionMaker] = {}


def _start_worker(responses: list[npt.NDArray[np.float32]], teacher: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    _worker["maker"] = VersionMaker(responses, teacher=teacher)


def _make(job: Job) -> tuple[Any, ...] | None:
    return _worker["maker"](job)


def spellings(word: str) -> tuple[list[str], list[str]]:
    """Return how `word` is written for a voice, and words that only sound like it.

    words.json lists some words; for all others the pronouncing dictionary gives the near misses.
    """
    table = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
    text = word.replace("_", " ")
    spec = table.get(word) or {
        "spoken": [f"{text}{end}" for end in ("", "!", "?", ",")],
        "near_misses": near_misses(text),
    }
    # Also parts of the word: its beginnings and endings.
    halves = [text[:k] for k in (-3, -2)] + [text[k:] for k in (2, 3)]
    parts = text.split() if " " in text else []
    return spec["spoken"], spec["near_misses"] * 3 + [h for h in halves if h.strip()] + parts


class _Numbered:
    """Makes jobs with seeds of their own."""

    def __init__(self, seed: int) -> None:
        self._next = seed * 10**6

    def __call__(self, **what: Any) -> Job:
        self._next += 1
        return Job(seed=self._next, **what)


def _common_jobs(clips: list[Clip], data: Path, seed: int, scale: float) -> Iterator[Job]:
    rng = np.random.default_rng(seed)
    job = _Numbered(seed)
    every_voice = synthesis.voices()
    for clip in clips:
        if clip.category not in ("wakewords", "words", "speech"):
            continue
        for copy in range(2 if clip.category == "wakewords" else 1):
            yield job(
                kind="real",
                label="",
                said=clip.said,
                group=clip.group,
                path=clip.path,
                altered=copy > 0 or rng.random() < 0.5,
            )
        # Warped like the takes of the word, so that the vocoder's sound is no cue.
        if rng.random() < _WARPED_SHARE[clip.category]:
            yield job(
                kind="real",
                label="",
                said=clip.said,
                group=clip.group,
                path=clip.path,
                altered=rng.random() < 0.5,
                warped=True,
            )
    for i, sentence in enumerate(treebank_sentences(data, rng, int(_SENTENCES * scale))):
        voice = every_voice[int(rng.integers(len(every_voice)))]
        yield job(
            kind="synthetic",
            label="",
            said=sentence.lower(),
            group="synthetic",
            voice=voice,
            text=sentence,
            altered=i % 2 > 0,
        )


def _word_jobs(
    word: str, takes: list[Clip], seed: int, scale: float, *, alone: bool
) -> Iterator[Job]:
    rng = np.random.default_rng(seed)
    job = _Numbered(seed)
    every_voice = synthesis.voices()

    def synthetic(texts: list[str], label: str, count: float) -> Iterator[Job]:
        for i in range(int(count * scale)):
            voice = every_voice[int(rng.integers(len(every_voice)))]
            text = texts[i % len(texts)]
            yield job(
                kind="synthetic",
                label=label,
                said=label,
                group="synthetic",
                voice=voice,
                text=text,
                altered=i % 3 > 0,
            )

    yield from _take_jobs(word, takes, job, rng)
    spoken, misses = spellings(word)
    yield from synthetic(spoken, word, _SYNTHETIC_ALONE if alone else _SYNTHETIC_TAKES)
    yield from synthetic(misses, "", _NEAR_MISSES)


def _take_jobs(
    word: str, takes: list[Clip], job: _Numbered, rng: np.random.Generator
) -> Iterator[Job]:
    for clip in takes:
        for copy in range(_TAKE_VERSIONS + _TAKE_WARPS):
            yield job(
                kind="real",
                label=word,
                said=word,
                group=clip.group,
                path=clip.path,
                altered=copy > 0 or rng.random() < 0.5,
                warped=copy >= _TAKE_VERSIONS,
            )


def take_jobs(word: str, takes: list[Clip], seed: int) -> list[Job]:
    """Return the versions of recordings of a word in isolation."""
    return list(_take_jobs(word, takes, _Numbered(seed), np.random.default_rng(seed)))


def make_store(
    folder: Path,
    jobs: list[Job],
    responses: list[npt.NDArray[np.float32]],
    *,
    workers: int,
    teacher: bool,
) -> Store:
    """Make a version of every job into one store."""
    writer = StoreWriter(folder)
    with multiprocessing.Pool(workers, _start_worker, (responses, teacher)) as pool:
        for made in tqdm(
            pool.imap(_make, jobs, chunksize=8), total=len(jobs), desc=folder.name, disable=None
        ):
            if made is not None:
                features, embeddings, what = made
                writer.add(features, embeddings, **what)
    writer.close()
    return Store.read(folder)


def prepare_speech(
    data: Path,
    work: Path,
    takes: dict[str, list[Clip]],
    *,
    seed: int = 1,
    workers: int = 2,
    scale: float = 1.0,
    teacher: bool = True,
    in_banks: Collection[str] = (),
) -> Store:
    """Make (or reopen) the training speech of the words.

    Parameters
    ----------
    data, work : Path
        Folder with manifest.csv; where the stores go.
    takes : dict of str to list of Clip
        Recordings of each word in isolation; an empty list trains it from its text alone.
    seed, workers, scale : int, int, float
        Random seed, processes, and the share of the synthetic clips to make.
    teacher : bool
        Whether to compute the teacher's rows, which distillation needs. They are nine tenths
        of the work.
    in_banks : collection of str
        Words that natural voices say as well: fewer takes by simple synthesisers are made.
    """
    clips = read_manifest(data, "train")
    rng = np.random.default_rng(seed)
    responses = rooms.measured_rooms(clips) + rooms.simulated_rooms(int(60 * scale), rng)
    stores = []
    for number, (word, recordings) in enumerate(takes.items()):
        alone = not recordings and word not in in_banks
        folder = work / "words" / word / ("text" if alone else "speech")
        if not Store.exists(folder):
            jobs = list(_word_jobs(word, recordings, seed + 100 * (number + 1), scale, alone=alone))
            make_store(folder, jobs, responses, workers=workers, teacher=teacher)
        stores.append(Store.read(folder))
    folder = work / "speech"
    if not Store.exists(folder):
        jobs = list(_common_jobs(clips, data, seed, scale))
        make_store(folder, jobs, responses, workers=workers, teacher=teacher)
    # A sentence that contains the word is neither a positive nor a negative.
    spoken = [word.replace("_", " ") for word in takes]
    return Store.merged([Store.read(folder).without(spoken), *stores])
