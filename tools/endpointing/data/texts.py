"""Sentences, and how they begin: a sentence cut after any word is not complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pywakeword.training.takes._commands import COMMANDS, SLOTS
from tools.endpointing.data.corpus import Utterance

_LEAF = re.compile(r"\(([^\s()]+) ([^\s()]+)\)")
_FILLINGS = 12  # of each command with a slot


def sentences(trees: Path, utterances: list[Utterance], rng: np.random.Generator) -> list[str]:
    """Sentences of treebanks, commands, and what train speakers say that no others do."""
    kept_back = {u.transcript for u in utterances if u.role != "train"}
    spoken = {u.transcript for u in utterances if u.role == "train" and u.transcript}
    written = [text for path in sorted(trees.glob("*.ptb")) for text in _of_trees(path)]
    return [*written, *_commands(rng), *sorted(spoken - kept_back)]


def _of_trees(path: Path) -> Iterator[str]:
    for tree in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        leaves = [
            word
            for tag, word in _LEAF.findall(tree)
            if tag != "-NONE-" and re.search(r"\w", word) and not word.startswith("-")
        ]
        joined = " ".join(leaves).replace(" n't", "n't")
        joined = re.sub(r" '(s|re|ve|ll|d|m)\b", r"'\1", joined)
        if len(leaves) >= 2:
            yield joined


def _commands(rng: np.random.Generator) -> Iterator[str]:
    for command in COMMANDS:
        for _ in range(_FILLINGS if "{" in command else 4):
            yield re.sub(r"\{(\w+)\}", lambda slot: str(rng.choice(SLOTS[slot.group(1)])), command)
