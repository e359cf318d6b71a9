"""A sentence of each kind around a wake word, or without it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pywakeword.training.takes._commands import COMMANDS, SLOTS
from pywakeword.training.takes._phrases import (
    CARRIERS,
    EVERYDAY,
    FRAMES,
    MENTIONS,
    NEAR_MISSES,
    OTHER_WORDS,
    PARTIALS,
)

POSITIVE_KINDS = ("isolated", "one_breath", "carrier", "pause", "address")

_ENDS = ("", ".", "!", "?", ",")
_PAUSES = (", ", ", ", ". ", "... ", "! ", "? ")
# What "hey computer turn on" has in front; a word of two already has its own.
_CALLS = ("hey ", "ok ", "hi ")


def sentence(
    keyword: str, spoken: Sequence[str], kind: str, rng: np.random.Generator
) -> tuple[str, str, str]:
    """Return what comes before the word, the word ("" if not said), and what follows."""
    if kind in POSITIVE_KINDS:
        return _calling(keyword, str(rng.choice(list(spoken))), kind, rng)
    if kind == "mention":
        before, _, after = str(rng.choice(MENTIONS)).partition("{word}")
        return before.strip(), str(rng.choice(list(spoken))), _ended(after.strip(), rng)
    return _other(keyword, kind, rng), "", ""


def command(rng: np.random.Generator) -> str:
    """Return a command with its slots filled."""
    template = str(rng.choice(COMMANDS))
    return re.sub(r"\{(\w+)\}", lambda slot: str(rng.choice(SLOTS[slot[1]])), template)


def _calling(keyword: str, word: str, kind: str, rng: np.random.Generator) -> tuple[str, str, str]:
    if kind == "isolated":
        return "", word, str(rng.choice(_ENDS))
    request = _ended(command(rng), rng)
    if kind == "one_breath":
        call = "_" not in keyword and rng.random() < 0.2
        return (str(rng.choice(_CALLS)).strip() if call else ""), word, request
    if kind == "carrier":
        before = str(rng.choice(CARRIERS)) + ("," if rng.random() < 0.4 else "")
        return before, word, "" if rng.random() < 0.2 else request
    if kind == "pause":
        return "", word, str(rng.choice(_PAUSES)) + request
    return command(rng), word, str(rng.choice(["", ".", "?", " please", " please.", " now", "!"]))


def _other(keyword: str, kind: str, rng: np.random.Generator) -> str:
    if kind == "command":
        return _ended(command(rng), rng)
    if kind == "everyday":
        return _ended(str(rng.choice(EVERYDAY)), rng)
    if kind == "partial":
        part = str(rng.choice(PARTIALS[keyword] + OTHER_WORDS))
        if rng.random() < 0.5:
            part = f"{part} {command(rng)}"
        return _ended(part, rng)
    frame = str(rng.choice(FRAMES))
    miss = frame.replace("{miss}", str(rng.choice(NEAR_MISSES[keyword])))
    if "{command}" in miss:
        miss = miss.replace("{command}", command(rng))
    return _ended(miss, rng)


def _ended(text: str, rng: np.random.Generator) -> str:
    return text + str(rng.choice(["", ".", ".", "?", "!"]))
