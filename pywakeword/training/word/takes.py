"""Takes of the word and of as much else, by the same voices; and by voices that only measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword.training.takes._commands import HELD_OUT_COMMANDS
from pywakeword.training.takes._sentences import sentence
from pywakeword.training.takes.bank import MakeVoice, fill
from pywakeword.training.takes.plan import Plan, Task, training_speakers
from pywakeword.training.takes.texts import ENGLISH
from pywakeword.training.takes.words import Word
from pywakeword.voices.held_out import HELD_OUT

VOICE = "kokoro"
# Held-out voices call the word as often as they say something else.
_CALLS = ("isolated", "one_breath", "pause")
_OTHERS = ("near_miss", "everyday", "command")
_SLOWEST, _FASTEST = 0.85, 1.2


@dataclass(frozen=True)
class HeldOutPlan:
    """Takes by speakers that are never trained on, and commands that no training take has.

    Tasks 2k and 2k + 1 have the same speaker: one calls the word, the other does not.
    """

    seed: int
    label: str
    word: Word
    speakers: Sequence[str]

    def task(self, number: int) -> Task:
        """Return task `number`, from 0."""
        pair = number // 2
        speaker = self.speakers[pair % len(self.speakers)]
        rng = np.random.default_rng([self.seed, number])
        kinds = _OTHERS if number % 2 else _CALLS
        kind = kinds[pair // len(self.speakers) % len(kinds)]
        texts = replace(ENGLISH, commands=HELD_OUT_COMMANDS)
        before, word, after = sentence(self.word, kind, texts, rng)
        return Task(
            number=number,
            keyword=self.label,
            kind=kind,
            before=before,
            word=word,
            after=after,
            voice=VOICE,
            speaker=speaker,
            language="en-gb" if speaker.startswith("b") else "en-us",
            speed=round(float(rng.uniform(_SLOWEST, _FASTEST)), 3),
            seed=int(rng.integers(2**31)),
        )


def speak_takes(
    folder: Path,
    label: str,
    word: Word,
    speakers: Sequence[str],
    count: int,
    *,
    seed: int,
    workers: int,
    make_voice: MakeVoice,
) -> Iterator[dict[str, Any]]:
    """Speak the takes to train on that the folder lacks."""
    plan = Plan(seed, training_speakers(speakers), words={label: word})
    return fill(folder, plan.task, count, make_voice, workers)


def speak_held_out(
    folder: Path,
    label: str,
    word: Word,
    speakers: Sequence[str],
    count: int,
    *,
    seed: int,
    workers: int,
    make_voice: MakeVoice,
) -> Iterator[dict[str, Any]]:
    """Speak the takes to measure with that the folder lacks."""
    kept = [s for s in speakers if s in HELD_OUT[VOICE]]
    return fill(folder, HeldOutPlan(seed, label, word, kept).task, count, make_voice, workers)
