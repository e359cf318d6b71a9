"""Splits text into clauses, so that speech can start before a sentence is complete."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable

from pywakeword.tts.text.sentences import split_sentences

# Longer pieces are cut at a space: voices take 400 characters.
LONGEST_CLAUSE = 300
_SHORTEST_WORDS = 3
_MARK = re.compile(r"[,;:\u2014][\"'\u201d\u2019)\]]*\s+|\s[-\u2013\u2014]\s+")


def split_clauses(sentence: str) -> list[str]:
    """Return the clauses of one sentence, each with its punctuation.

    A clause has at least three words, so that lists and "yes, please" stay whole.
    """
    clauses, begin = [], 0
    for mark in _MARK.finditer(sentence):
        before, after = sentence[begin : mark.end()], sentence[mark.end() :]
        if min(len(before.split()), len(after.split())) >= _SHORTEST_WORDS:
            clauses.append(before.strip())
            begin = mark.end()
    clauses.append(sentence[begin:].strip())
    return [piece for clause in clauses for piece in _short(clause) if piece]


async def clauses(texts: AsyncIterable[str]) -> AsyncGenerator[str, None]:
    """Yield the clauses of text that is still arriving, as soon as each is complete."""
    pending = ""
    async for text in texts:
        complete, pending = split_sentences(pending + text)
        for sentence in complete:
            for clause in split_clauses(sentence):
                yield clause
        # The last clause may still grow.
        *whole, _ = split_clauses(pending) or [""]
        for clause in whole:
            yield clause
            pending = pending[pending.index(clause) + len(clause) :]
    for clause in split_clauses(pending):
        yield clause


def _short(clause: str) -> list[str]:
    pieces = []
    while len(clause) > LONGEST_CLAUSE:
        cut = clause.rfind(" ", 1, LONGEST_CLAUSE)
        cut = LONGEST_CLAUSE if cut < 0 else cut
        pieces.append(clause[:cut].strip())
        clause = clause[cut:].strip()
    return [*pieces, clause]
