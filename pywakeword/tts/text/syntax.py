"""Syntactic distances between neighbouring words of a sentence.

The distance of a word is the height of the lowest common ancestor of the word and the one before
it, in the tree without punctuation, with unary chains collapsed, binarised to the right. Leaves
have height 0; the distance of the first word is 0. Distances and binary tree can be computed from
each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Union

from pywakeword.errors import SyntaxTreeError

PUNCTUATION_TAGS = frozenset({",", ".", ":", "``", "''", "-LRB-", "-RRB-", "HYPH", "NFP"})

_EMPTY_TAG = "-NONE-"  # traces: nothing is spoken
_MAX_DEPTH = 200  # treebanks reach about 40 levels; the functions below recurse
_LEXEME = re.compile(r"[()]|[^\s()]+")


@dataclass(frozen=True)
class Word:
    """A leaf of a constituency tree."""

    tag: str
    text: str


@dataclass(frozen=True)
class Node:
    """A constituent; the outermost bracket of a treebank has the label ROOT or none."""

    label: str
    children: tuple[Tree, ...]


Tree = Union[Node, Word]


def syntactic_distance(bracketed_tree: str) -> list[int]:
    """Return the syntactic distance of each word of a bracketed tree.

    Parameters
    ----------
    bracketed_tree : str
        One tree in Penn bracket form, ``(S (NP (DT the) (NN dog)) (VP (VBZ barks)) (. .))``.
        Words tagged as punctuation, and traces, are left out.

    Returns
    -------
    list of int
        One per spoken word; the first is 0.

    Raises
    ------
    SyntaxTreeError
        If the text is not one well-formed tree, or has no spoken word.
    """
    tree = spoken(read_tree(bracketed_tree))
    distances, _ = _distances(tree)
    return distances


def read_tree(bracketed_tree: str) -> Node:
    """Read one tree in Penn bracket form.

    Raises
    ------
    SyntaxTreeError
        If the text is not exactly one well-formed tree.
    """
    lexemes = _LEXEME.findall(bracketed_tree)
    if not lexemes:
        raise SyntaxTreeError("the tree is empty")
    # The open brackets, outermost first. The first entry collects the result.
    open_nodes: list[tuple[str, list[Tree | str]]] = [("", [])]
    position = 0
    while position < len(lexemes):
        lexeme = lexemes[position]
        position += 1
        if lexeme == "(":
            label = ""
            if position < len(lexemes) and lexemes[position] not in "()":
                label = lexemes[position]
                position += 1
            open_nodes.append((label, []))
            if len(open_nodes) > _MAX_DEPTH:
                raise SyntaxTreeError(f"brackets are nested more than {_MAX_DEPTH} deep")
        elif lexeme == ")":
            if len(open_nodes) == 1:
                raise SyntaxTreeError("a bracket is closed that was not opened")
            closed = _close(*open_nodes.pop())
            open_nodes[-1][1].append(closed)
        else:
            open_nodes[-1][1].append(lexeme)
    if len(open_nodes) > 1:
        raise SyntaxTreeError(f"{len(open_nodes) - 1} brackets are not closed")
    read = open_nodes[0][1]
    if len(read) != 1 or not isinstance(read[0], Node):
        raise SyntaxTreeError(f"{len(read)} pieces where one tree in brackets was expected")
    return read[0]


def spoken(tree: Node, is_spoken: Callable[[Word], bool] | None = None) -> Tree:
    """Return the tree of the spoken words, with unary chains collapsed.

    `is_spoken` selects the words; by default all that are not tagged as punctuation. A collapsed
    chain keeps its topmost label.

    Raises
    ------
    SyntaxTreeError
        If there is no spoken word.
    """
    kept = _spoken(tree, is_spoken or _has_word_tag)
    if kept is None:
        raise SyntaxTreeError("the tree has no word that is spoken")
    return kept


def words(tree: Tree) -> list[Word]:
    """Return the leaves from left to right."""
    if isinstance(tree, Word):
        return [tree]
    return [leaf for child in tree.children for leaf in words(child)]


def distances_from_scores(scores: Sequence[float]) -> list[int]:
    """Return the distances of the binary tree that splits at the highest scores first.

    The words are split before the highest score, then each part likewise; of equal scores, the
    leftmost splits first. Applied to distances, it returns them unchanged.

    Parameters
    ----------
    scores : (n_words,) sequence of float
        Strength of the boundary before each word; the first is ignored.
    """
    distances = [0] * len(scores)
    # Splits whose right part is incomplete, outermost first, with the height of the left part.
    is_open: list[tuple[int, int]] = []

    def close_last(right_height: int) -> int:
        split, left_height = is_open.pop()
        distances[split] = 1 + max(left_height, right_height)
        return distances[split]

    for word in range(1, len(scores)):
        height = 0
        while is_open and scores[is_open[-1][0]] < scores[word]:
            height = close_last(height)
        is_open.append((word, height))
    height = 0
    while is_open:
        height = close_last(height)
    return distances


def spans(distances: Sequence[int]) -> set[tuple[int, int]]:
    """Return the constituents ``(begin, end)`` of at least two words in the binary tree."""
    found = set()
    for split in range(1, len(distances)):
        begin, end = split - 1, split + 1
        while begin > 0 and distances[begin] < distances[split]:
            begin -= 1
        while end < len(distances) and distances[end] < distances[split]:
            end += 1
        found.add((begin, end))
    return found


def _close(label: str, inside: list[Tree | str]) -> Tree:
    texts = [child for child in inside if isinstance(child, str)]
    if not texts:
        if not inside:
            raise SyntaxTreeError(f"the bracket ({label}) is empty")
        return Node(label, tuple(child for child in inside if not isinstance(child, str)))
    if len(inside) > 1 or not label:
        raise SyntaxTreeError(
            f"the bracket ({label} ...) must hold one word, or brackets: it holds {texts[0]!r}"
        )
    return Word(label, texts[0])


def _has_word_tag(word: Word) -> bool:
    return word.tag not in PUNCTUATION_TAGS and word.tag != _EMPTY_TAG


def _spoken(tree: Tree, is_spoken: Callable[[Word], bool]) -> Tree | None:
    if isinstance(tree, Word):
        return tree if is_spoken(tree) else None
    children = [kept for child in tree.children if (kept := _spoken(child, is_spoken)) is not None]
    if not children:
        return None
    if len(children) > 1:
        return Node(tree.label, tuple(children))
    only = children[0]
    return only if isinstance(only, Word) else Node(tree.label, only.children)


def _distances(tree: Tree) -> tuple[list[int], int]:
    if isinstance(tree, Word):
        return [0], 0
    # In the right-binarised tree, all children from the second on form one constituent, and so
    # on. Start with the last child.
    *before, last = tree.children
    distances, height = _distances(last)
    for child in reversed(before):
        left, left_height = _distances(child)
        height = 1 + max(left_height, height)
        distances = [*left, height, *distances[1:]]
    return distances, height
