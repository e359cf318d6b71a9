"""Utterances with their speakers, and which of them train, choose and report.

The age in the manifest's note separates children from adults. Held out are the adults of
speechocean762 and the spellers of alphanumeric: those in the dev split and every third one in the
train split. No network is trained on them. The policy is chosen on one half of the held-out
speakers and reported on the other.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pywakeword.training.material.corpus import Clip, read_manifest

_ADULT_YEARS = 18
_HELD_OUT_OF = 3
_RARER = 4
READ, SPELLED = "speechocean762", "alphanumeric"
# One speaker per recording, and one utterance.
SOURCES = (
    READ,
    "librispeech",
    "picovoice_s2i",
    SPELLED,
    "librispeech_more",
    "ljspeech",
    "rhasspy_commands",
    "vctk",
)
_COMMANDS = ("picovoice_s2i", "rhasspy_commands")
_QUESTION = re.compile(
    r"(?:what|who|whose|when|where|why|which|how|is|are|was|do|does|did|can|could|will|would|"
    r"should|have|has)(?:'s|n't)?\b"
)


@dataclass(frozen=True)
class Utterance:
    """One recording.

    Attributes
    ----------
    path : Path
        Absolute path.
    source : str
        Folder of the collection, one of `SOURCES`.
    speaker : str
        Speaker, or the acoustic cluster where the source names none.
    adult : bool
        False for the children of speechocean762.
    transcript : str
        Lower case; empty where the source has none that is verbatim.
    role : {"train", "held_out", "other"}
        Held out are adults of speechocean762 and spellers; "other" is the rest of the dev split.
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

    @property
    def kind(self) -> str:
        """Return "child", "spelled", "command", "question" or "statement"."""
        if not self.adult:
            return "child"
        if self.source == SPELLED:
            return "spelled"
        if self.source in _COMMANDS:
            return "command"
        return "question" if _QUESTION.match(self.transcript) else "statement"


def read_utterances(data: Path) -> list[Utterance]:
    """Every English utterance of the collections that may be released."""
    folder, clips = {}, []
    for clip in read_manifest(data):
        source = clip.path.relative_to(data).parts[1]
        if clip.category == "speech" and source in SOURCES and clip.lang == "en":
            clips.append(clip)
            folder[clip.path] = source
    adults = {clip.group for clip in clips if _is_adult(clip)}
    kept_back: set[str] = set()
    for source in (READ, SPELLED):
        groups = {c.group for c in clips if folder[c.path] == source and c.split == "train"}
        kept_back |= set(sorted(adults & groups)[::_HELD_OUT_OF])
    utterances = []
    for clip in clips:
        source, adult = folder[clip.path], _is_adult(clip)
        if clip.split == "train":
            role = "held_out" if clip.group in kept_back else "train"
        else:
            role = "held_out" if source in (READ, SPELLED) and adult else "other"
        utterances.append(
            Utterance(
                clip.path,
                source,
                clip.group,
                adult,
                "" if source == SPELLED else clip.transcript,  # prompts there, digits as digits
                role,
                clip.split == "dev",
                clip.source,
                clip.licence,
            )
        )
    return utterances


def some_of(utterances: list[Utterance], n_train: int, n_other: int) -> list[Utterance]:
    """Keep all that is held out, `n_train` of the role "train", and `n_other` of "other".

    The kinds come in turns, in an order drawn once: a small share is a sample of a large one.
    Statements and questions are more frequent than the rest, which is longer, or children's.
    """
    kept = [u for u in utterances if u.role == "held_out"]
    for role, n in (("train", n_train), ("other", n_other)):
        chosen = [u for u in utterances if u.role == role]
        random.Random(1).shuffle(chosen)
        seen: Counter[str] = Counter()
        turn = {}
        for utterance in chosen:
            seen[utterance.kind] += 1
            rarer = 1 if utterance.kind in ("statement", "question") else _RARER
            turn[utterance.path] = seen[utterance.kind] * rarer
        kept += sorted(chosen, key=lambda u: turn[u.path])[:n]
    return kept


def _is_adult(clip: Clip) -> bool:
    age = re.search(r"\bage (\d+)", clip.note)
    return age is None or int(age.group(1)) >= _ADULT_YEARS
