"""Utterances with their speakers, and which of them train, choose and report.

Children are told by the age in the manifest's note. Adults of speechocean762 are held out
twice: every third of the train split's speakers, and those of the dev split. No network sees
either. The policy is chosen on one half of the held-out speakers and reported on the other.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

_ADULT_YEARS = 18
_HELD_OUT_OF = 3
SOURCES = ("speechocean762", "librispeech", "picovoice_s2i")


@dataclass(frozen=True)
class Utterance:
    """One recording.

    Attributes
    ----------
    path : Path
        Absolute path.
    source : str
        Folder of the collection: speechocean762, librispeech or picovoice_s2i.
    speaker : str
        Speaker, or the acoustic cluster where the source names none.
    adult : bool
        False for the children of speechocean762.
    transcript : str
        Lower case; empty where the source has none.
    role : {"train", "held_out", "other"}
        Held out are adults of speechocean762; "other" is the rest of the dev split.
    in_dev : bool
        Whether the manifest has it in its dev split.
    collection, licence : str
        For the model card.
    """

    path: Path
    source: str
    speaker: str
    adult: bool
    transcript: str
    role: str
    in_dev: bool
    collection: str
    licence: str

    @property
    def name(self) -> str:
        """File name without its suffix."""
        return self.path.stem


def read_utterances(data: Path) -> list[Utterance]:
    """Every utterance of the three collections that may be released."""
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["category"] == "speech" and row["release"] == "ok"
        ]
    adults = {row["leak_group"] for row in rows if _is_adult(row)}
    in_speechocean = {
        row["leak_group"]
        for row in rows
        if _source(row) == "speechocean762" and row["split"] == "train"
    }
    kept_back = set(sorted(adults & in_speechocean)[::_HELD_OUT_OF])
    utterances = []
    for row in rows:
        speechocean, adult = _source(row) == "speechocean762", _is_adult(row)
        if row["split"] == "train":
            role = "held_out" if speechocean and row["leak_group"] in kept_back else "train"
        else:
            role = "held_out" if speechocean and adult else "other"
        utterances.append(
            Utterance(
                data / row["path"],
                _source(row),
                row["leak_group"],
                adult,
                row["transcript"].lower(),
                role,
                row["split"] == "dev",
                row["source_repo"],
                row["licence"],
            )
        )
    return utterances


def _source(row: dict[str, str]) -> str:
    return row["path"].split("/")[1]


def _is_adult(row: dict[str, str]) -> bool:
    age = re.search(r"\bage (\d+)", row["note"])
    return age is None or int(age.group(1)) >= _ADULT_YEARS
