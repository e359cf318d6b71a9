"""Training speech in which the word does not stand alone.

Two sources: a bank of takes by natural synthetic voices (`pywakeword.training.takes`), which
say the word in one breath with a command, behind a carrier, alone, and say other things as
often; and real takes spliced between other real speech.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material import playback, rooms
from pywakeword.training.material.corpus import Clip, decode
from pywakeword.training.material.features import Store, StoreWriter
from pywakeword.training.material.interference import add
from pywakeword.training.material.prepare import make_store
from pywakeword.training.material.versions import Job
from pywakeword.training.takes.bank import read_index

_SHARD = 50  # takes; a bank may still grow, so only whole shards are read
_WARPED_SHARE = 0.35
_SPLICES = 2  # of every take
_BEFORE_SHARE = 0.35
_OWN_WORDS = 120

Responses = list[npt.NDArray[np.float32]]


def read_takes(bank: Path) -> list[dict[str, Any]]:
    """Return the lines of a bank's index; held-out speakers are left out."""
    return [row for row in read_index(bank) if row["split"] == "train"]


def whole_shards(takes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the takes that fill a shard; the rest waits until the bank has grown."""
    return takes[: len(takes) // _SHARD * _SHARD]


def prepare_bank(
    bank: Path, work: Path, responses: Responses, *, seed: int, workers: int = 2
) -> list[Store]:
    """Make (or reopen) one store per shard of the bank."""
    takes = whole_shards(read_takes(bank))
    stores = []
    for first in range(0, len(takes), _SHARD):
        folder = work / f"bank-{bank.name}" / f"{first:06d}"
        if not Store.exists(folder):
            jobs = _bank_jobs(bank, takes[first : first + _SHARD], seed + first)
            make_store(folder, jobs, responses, workers=workers, teacher=False)
        stores.append(Store.read(folder))
    return stores


def _bank_jobs(bank: Path, takes: list[dict[str, Any]], seed: int) -> list[Job]:
    """Two or three versions of every take, the same for the word and for everything else."""
    rng = np.random.default_rng(seed)
    jobs: list[Job] = []
    for take in takes:
        alone = take["kind"] == "isolated"
        known = take["called"] and not alone and take["start"] is not None
        if take["called"] and not alone and not known:
            continue
        for copy in range(2 + int(rng.random() < _WARPED_SHARE)):
            jobs.append(
                Job(
                    kind="natural",
                    label=take["keyword"] if take["called"] else "",
                    said=take["text"].lower(),
                    group=take["speaker"],
                    seed=seed * 10**4 + len(jobs),
                    path=bank / take["file"],
                    altered=copy > 0 or rng.random() < 0.3,
                    warped=copy == 2,
                    span=(take["start"], take["end"]) if known else None,
                )
            )
    return jobs


def prepare_spliced(
    work: Path,
    word: str,
    takes: list[Clip],
    clips: list[Clip],
    responses: Responses,
    *,
    seed: int,
    workers: int = 2,
) -> Store:
    """Make (or reopen) the spliced takes of a word, and as many other words, spliced alike."""
    folder = work / "words" / word / "spliced"
    if not Store.exists(folder):
        jobs = spliced_jobs(word, takes, clips, seed)
        make_store(folder, jobs, responses, workers=workers, teacher=False)
    return Store.read(folder)


def spliced_jobs(word: str, takes: list[Clip], clips: list[Clip], seed: int) -> list[Job]:
    """Return every take between other speech of `clips`, and as many other words, alike."""
    rng = np.random.default_rng(seed)
    speech = [c for c in clips if c.category == "speech" and not c.holds(word)]
    others = [c for c in clips if c.category in ("words", "wakewords") and not c.holds(word)]
    wakes = [c for c in others if c.category == "wakewords"]
    jobs: list[Job] = []

    def spliced(clip: Clip, label: str) -> None:
        after = rng.random() < 0.9
        before = not after or rng.random() < _BEFORE_SHARE
        one, two = (speech[int(i)] for i in rng.integers(len(speech), size=2))
        said = [one.said if before else "", clip.said, two.said if after else ""]
        jobs.append(
            Job(
                kind="spliced",
                label=label,
                said=word if label else " ".join(said).strip(),
                group=clip.group,
                seed=seed * 10**5 + len(jobs),
                path=clip.path,
                altered=bool(rng.random() < 0.7),
                warped=bool(rng.random() < _WARPED_SHARE),
                before=one.path if before else None,
                after=two.path if after else None,
            )
        )

    for clip in takes:
        for copy in range(_SPLICES):
            spliced(clip, word)
            pool = wakes if copy % 2 else others
            spliced(pool[int(rng.integers(len(pool)))], "")
    return jobs


def prepare_own_natural_voice(bank: Path, work: Path, word: str, *, seed: int) -> Store:
    """Make (or reopen) the device saying the word in a natural voice, through its loudspeaker."""
    folder = work / "words" / word / f"own_voice-{bank.name}"
    if Store.exists(folder):
        return Store.read(folder)
    rng = np.random.default_rng(seed)
    responses = rooms.simulated_rooms(30, rng)
    takes = [t for t in read_takes(bank) if t["called"] and t["keyword"] == word]
    writer = StoreWriter(folder)
    for take in takes[:_OWN_WORDS]:
        samples = decode(bank / take["file"])
        padded = np.pad(playback.loudspeaker(samples, rng), (2 * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ))
        wet = rooms.reverberate(padded, responses[int(rng.integers(len(responses)))])
        add(writer, wet, "tts", take["speaker"], take["text"].lower())
    writer.close()
    return Store.read(folder)
