"""A sentence of each kind around a wake word, or without it."""

from __future__ import annotations

import re

import numpy as np

from pywakeword.training.takes.texts import Texts
from pywakeword.training.takes.words import Word

POSITIVE_KINDS = ("isolated", "one_breath", "carrier", "pause", "address")

_ENDS = ("", ".", "!", "?", ",")
_AFTER_ADDRESS = ("", ".", "?", " please", " please.", " now", "!")
_PAUSES = (", ", ", ", ". ", "... ", "! ", "? ")


def sentence(word: Word, kind: str, texts: Texts, rng: np.random.Generator) -> tuple[str, str, str]:
    """Return what comes before the word, the word ("" if not said), and what follows."""
    if kind in POSITIVE_KINDS:
        return _calling(str(rng.choice(list(word.spoken))), kind, texts, rng)
    if kind == "mention":
        before, _, after = str(rng.choice(texts.mentions)).partition("{word}")
        return before.strip(), str(rng.choice(list(word.spoken))), _ended(after.strip(), rng)
    return _other(word, kind, texts, rng), "", ""


def command(texts: Texts, rng: np.random.Generator) -> str:
    """Return a command with its slots filled."""
    template = str(rng.choice(texts.commands))
    return re.sub(r"\{(\w+)\}", lambda slot: str(rng.choice(texts.slots[slot[1]])), template)


def _calling(word: str, kind: str, texts: Texts, rng: np.random.Generator) -> tuple[str, str, str]:
    if kind == "isolated":
        return "", word, str(rng.choice(_ENDS))
    request = _ended(command(texts, rng), rng)
    if kind == "one_breath":
        call = " " not in word and rng.random() < 0.2
        return (str(rng.choice(texts.calls)) if call else ""), word, request
    if kind == "carrier":
        before = str(rng.choice(texts.carriers)) + ("," if rng.random() < 0.4 else "")
        return before, word, "" if rng.random() < 0.2 else request
    if kind == "pause":
        return "", word, str(rng.choice(_PAUSES)) + request
    return command(texts, rng), word, str(rng.choice(_AFTER_ADDRESS))


def _other(word: Word, kind: str, texts: Texts, rng: np.random.Generator) -> str:
    if kind == "command":
        return _ended(command(texts, rng), rng)
    if kind == "everyday":
        return _ended(str(rng.choice(texts.everyday)), rng)
    if kind == "partial":
        part = str(rng.choice(word.partials + texts.other_words))
        if rng.random() < 0.5:
            part = f"{part} {command(texts, rng)}"
        return _ended(part, rng)
    frame = str(rng.choice(texts.frames))
    miss = frame.replace("{miss}", str(rng.choice(word.near_misses)))
    if "{command}" in miss:
        miss = miss.replace("{command}", command(texts, rng))
    return _ended(miss, rng)


def _ended(text: str, rng: np.random.Generator) -> str:
    return text + str(rng.choice(["", ".", ".", "?", "!"]))
