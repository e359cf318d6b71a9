"""Utterances with their speakers, and which of them train, choose and report.

The age in the manifest's note separates children from adults. Held out are the adults of
speechocean762 in the dev split and every third one in the train split. No network is trained on
them. The policy is chosen on one half of the held-out speakers and reported on the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pywakeword.training.material.corpus import Clip, read_manifest

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
    clips = [clip for clip in read_manifest(data) if clip.category == "speech"]
    folder = {clip.path: clip.path.relative_to(data).parts[1] for clip in clips}
    adults = {clip.group for clip in clips if _is_adult(clip)}
    in_speechocean = {
        clip.group
        for clip in clips
        if folder[clip.path] == "speechocean762" and clip.split == "train"
    }
    kept_back = set(sorted(adults & in_speechocean)[::_HELD_OUT_OF])
    utterances = []
    for clip in clips:
        source, adult = folder[clip.path], _is_adult(clip)
        speechocean = source == "speechocean762"
        if clip.split == "train":
            role = "held_out" if speechocean and clip.group in kept_back else "train"
        else:
            role = "held_out" if speechocean and adult else "other"
        utterances.append(
            Utterance(
                clip.path,
                source,
                clip.group,
                adult,
                clip.transcript,
                role,
                clip.split == "dev",
                clip.source,
                clip.licence,
            )
        )
    return utterances


def _is_adult(clip: Clip) -> bool:
    age = re.search(r"\bage (\d+)", clip.note)
    return age is None or int(age.group(1)) >= _ADULT_YEARS
