"""Everything that a word is trained on: its takes, the data package, the user's recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pywakeword.training.data.compact import worn
from pywakeword.training.data.package import TrainingData
from pywakeword.training.material import rooms
from pywakeword.training.material.corpus import Clip
from pywakeword.training.material.features import Store
from pywakeword.training.material.prepare import make_store, take_jobs
from pywakeword.training.material.running import (
    Responses,
    prepare_bank,
    prepare_own_natural_voice,
    read_takes,
    spliced_jobs,
)
from pywakeword.training.word.own import own_negatives
from pywakeword.training.word.text import WakeText

_ROOMS = 60
_OWN_CALIBRATION = 5  # one in so many minutes of the user's negatives is kept to calibrate


@dataclass(frozen=True)
class Stores:
    """Speech to train on, sounds to mix in, and negatives that calibrate."""

    speech: Store
    sounds: Store
    calibration: Store


def make_stores(
    word: WakeText,
    work: Path,
    bank: Path,
    data: TrainingData,
    takes: list[Clip],
    negatives: Path | None,
    *,
    seed: int,
    workers: int,
) -> Stores:
    """Make, or reopen, what lies in `work`, and read the package.

    Parameters
    ----------
    word : WakeText
        The wake word.
    work, bank : Path
        Where stores go; the takes by synthetic voices.
    data : TrainingData
        Of every word.
    takes : list of Clip
        The user's own takes to train on.
    negatives : Path, optional
        A folder of the user's recordings without the word.
    seed, workers : int
        Random seed; processes.
    """
    responses = rooms.simulated_rooms(_ROOMS, np.random.default_rng(seed + 7))
    made = prepare_bank(bank, work, responses, seed=seed + 60, workers=workers)
    if takes:
        made += _own_stores(word, work, bank, takes, responses, seed=seed, workers=workers)
    speech = [worn(Store.merged(made)), data.store("negatives")]
    calibration = [data.store("calibration")]
    if negatives is not None:
        own = worn(own_negatives(negatives, work / "own_negatives"))
        speech.append(_part(own, kept=False))
        calibration.append(_part(own, kept=True))
    own_voice = prepare_own_natural_voice(bank, work, word.label, seed=seed + 1)
    # The word in talk about it, or in the package, is neither called nor something else.
    said = [word.spoken]
    return Stores(
        Store.merged(speech).without(said, but=(word.label,)),
        Store.merged([data.store("sounds"), own_voice]),
        Store.merged(calibration).without(said),
    )


def _own_stores(
    word: WakeText,
    work: Path,
    bank: Path,
    takes: list[Clip],
    responses: Responses,
    *,
    seed: int,
    workers: int,
) -> list[Store]:
    """Make the versions of the user's takes: alone, and between speech by the voices."""
    jobs = {
        "own_takes": take_jobs(word.label, takes, seed + 100),
        "own_spliced": spliced_jobs(word.label, takes, _others(bank), seed + 150),
    }
    stores = []
    for name, listed in jobs.items():
        if not Store.exists(work / name):
            make_store(work / name, listed, responses, workers=workers, teacher=False)
        stores.append(Store.read(work / name))
    return stores


def _others(bank: Path) -> list[Clip]:
    """Return the takes without the word: sentences, and what sounds like it, to splice."""
    kinds = {
        "everyday": "speech",
        "command": "speech",
        "near_miss": "words",
        "partial": "wakewords",
    }
    return [
        Clip(
            path=bank / row["file"],
            category=kinds[row["kind"]],
            label="",
            group=row["speaker"],
            transcript=row["text"].lower(),
            source="",
            licence="Apache-2.0",
            qa=frozenset(),
        )
        for row in read_takes(bank)
        if row["kind"] in kinds
    ]


def _part(store: Store, *, kept: bool) -> Store:
    """Return the share of a user's negatives that calibrates, or the rest."""
    last = _OWN_CALIBRATION - 1
    chosen = [
        entry
        for number, entry in enumerate(store.entries)
        if (number % _OWN_CALIBRATION == last) == kept
    ]
    return Store(store.features, store.embeddings, chosen)
