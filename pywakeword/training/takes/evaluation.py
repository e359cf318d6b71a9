"""The bank for measuring: held-out voices, and commands that no training take speaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pywakeword.training.takes._commands import HELD_OUT_COMMANDS
from pywakeword.training.takes._phrases import HELD_OUT_CARRIERS, HELD_OUT_MENTIONS
from pywakeword.training.takes.plan import Task
from pywakeword.training.takes.words import WORDS
from pywakeword.voices.held_out import HELD_OUT

KINDS = ("isolated", "one_breath", "pause")
MORE_KINDS = ("carrier", "mention")  # behind a few other words, often fast; talk about the word
_SLOWEST, _FASTEST = 0.85, 1.2
_FASTEST_CARRIER = 1.35


def evaluation_tasks(
    words: Sequence[str] = tuple(WORDS),
    per_speaker: int = 3,
    seed: int = 1,
    *,
    kinds: Sequence[str] = KINDS,
    first: int = 0,
) -> list[Task]:
    """Return the tasks: `per_speaker` sentences per word, kind and held-out speaker.

    The order is shuffled, so that any prefix has every word, kind and voice. Numbers start
    at `first`.
    """
    cells = [
        (word, kind, voice, speaker)
        for word in words
        for kind in kinds
        for voice, speakers in HELD_OUT.items()
        for speaker in speakers
        for _ in range(per_speaker)
    ]
    order = np.random.default_rng(seed).permutation(len(cells))
    return [_task(number, cells[place], seed) for number, place in enumerate(order, first)]


def _task(number: int, cell: tuple[str, str, str, str], seed: int) -> Task:
    keyword, kind, voice, speaker = cell
    rng = np.random.default_rng([seed, number])
    command = str(rng.choice(HELD_OUT_COMMANDS))
    before, fastest = "", _FASTEST
    if kind == "mention":
        before, _, command = str(rng.choice(HELD_OUT_MENTIONS)).partition(" {word}")
        command = command.strip()
    elif kind == "carrier":
        before, fastest = str(rng.choice(HELD_OUT_CARRIERS)), _FASTEST_CARRIER
    after = {
        "isolated": str(rng.choice(["", ".", "!", "?"])),
        "one_breath": command,
        "pause": f", {command}",
    }.get(kind, command)
    return Task(
        number=number,
        keyword=keyword,
        kind=kind,
        before=before,
        word=str(rng.choice(WORDS[keyword].spoken)),
        after=after,
        voice=voice,
        speaker=speaker,
        language=_language(voice, speaker),
        speed=round(float(rng.uniform(_SLOWEST, fastest)), 3),
        seed=int(rng.integers(2**31)),
    )


def _language(voice: str, speaker: str) -> str:
    british = speaker == "heart-gb" or (voice == "kokoro" and speaker.startswith("b"))
    return "en-gb" if british else "en-us"
