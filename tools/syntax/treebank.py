"""Reads documents of constituency trees, and splits them into training, dev and test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pywakeword.errors import SyntaxTreeError
from pywakeword.tts.text.syntax import (
    PUNCTUATION_TAGS,
    Node,
    Tree,
    Word,
    read_tree,
    spoken,
    syntactic_distance,
    words,
)
from pywakeword.tts.text.tokens import mark_of

# A blank line separates trees, the start of a root tree separates documents.
_DOCUMENT = re.compile(r"(?<=\))\n(?=\(ROOT)")
_TREE = re.compile(r"\n\s*\n")
_BRACKETS = {"-LRB-": "(", "-RRB-": ")"}
_GLUE = "\0"
_CLITIC = re.compile(r"\s+(n['\u2019]t\b|['\u2019](?:s|re|ve|ll|d|m)\b)", re.IGNORECASE)
_FOLD = 10  # of ten documents one is test, one is dev


@dataclass(frozen=True)
class Sentence:
    """One tree of a treebank.

    `pieces` are words and punctuation, as inputs of the network; `distances`, `tags` and `labels`
    have one value per word. A label is that of the smallest constituent that contains the word
    and the one before it.
    """

    document: str
    pieces: tuple[tuple[str, str | None], ...]
    distances: tuple[int, ...]
    tags: tuple[str, ...]
    labels: tuple[str, ...]


def read_documents(folder: Path) -> list[list[Sentence]]:
    """Read all .ptb files of a folder, sorted by name."""
    files = sorted(folder.glob("*.ptb"))
    if not files:
        raise SyntaxTreeError(f"{folder} has no .ptb file")
    documents = []
    for file in files:
        for number, document in enumerate(_DOCUMENT.split(file.read_text(encoding="utf-8"))):
            name = f"{file.stem}/{number}"
            trees = [tree for tree in _TREE.split(document) if tree.strip()]
            documents.append([read_sentence(tree, name) for tree in trees])
    return documents


def read_sentence(bracketed: str, document: str = "") -> Sentence:
    """Convert one bracketed tree to a sentence.

    Raises
    ------
    SyntaxTreeError
        If it is not one well-formed tree, or has no spoken word.
    """
    tree = read_tree(bracketed)
    leaves = words(tree)
    pieces = tuple(
        (leaf.text, mark_of(leaf.text, is_hyphen=leaf.tag == "HYPH"))
        if leaf.tag in PUNCTUATION_TAGS
        else (leaf.text, None)
        for leaf in leaves
        if leaf.tag != "-NONE-"
    )
    kept = spoken(tree)
    tags = tuple(leaf.tag for leaf in words(kept))
    return Sentence(document, pieces, tuple(syntactic_distance(bracketed)), tags, _labels(kept))


def split(
    documents: Sequence[list[Sentence]], fold: int = 0
) -> tuple[list[Sentence], list[Sentence], list[Sentence]]:
    """Split whole documents into train, dev and test: of each ten, one dev and one test."""
    parts: tuple[list[Sentence], ...] = ([], [], [])
    for number, document in enumerate(documents):
        place = (number + fold) % _FOLD
        parts[2 if place == 4 else 1 if place == 9 else 0].extend(document)
    return parts[0], parts[1], parts[2]


def plain_text(sentence: Sentence) -> str:
    """Return the sentence as normal text, with spaces in the usual places."""
    text = " ".join(
        f"-{_GLUE}" if mark == "hyphen" else _BRACKETS.get(piece, piece)
        for piece, mark in sentence.pieces
    )
    text = re.sub(rf"\s*-{_GLUE}\s*", "-", text)
    text = _CLITIC.sub(r"\1", text)
    return re.sub(r"([(\[])\s+", r"\1", re.sub(r"\s+([,.;:?!)\]%])", r"\1", text))


def _labels(tree: Tree) -> tuple[str, ...]:
    if isinstance(tree, Word):
        return ("",)
    return tuple(_joined(tree))


def _joined(tree: Node) -> list[str]:
    labels: list[str] = []
    for child in tree.children:
        inside = [""] if isinstance(child, Word) else _joined(child)
        inside[0] = tree.label.split("-")[0] if labels else ""
        labels += inside
    return labels
