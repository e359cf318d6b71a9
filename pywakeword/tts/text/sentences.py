"""Cuts text that is still arriving into sentences, to speak the first while the next is made."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable

# A sentence is over when the next has begun: until then "3." may become "3.5".
_BOUNDARY = re.compile(r"(?<=[.!?\u2026])[\"')\]]*\s+|\n+|(?<=[\u3002\uff01\uff1f])")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|vs|etc|e\.g|i\.e|No)|\b[A-Z])\.$")


def split_sentences(text: str) -> tuple[list[str], str]:
    """Return the sentences of `text` that are complete, and the rest."""
    complete = []
    begin = 0
    for boundary in _BOUNDARY.finditer(text):
        sentence = text[begin : boundary.end()].strip()
        if not sentence or _ABBREVIATION.search(sentence):
            continue
        complete.append(sentence)
        begin = boundary.end()
    return complete, text[begin:]


async def sentences(texts: AsyncIterable[str]) -> AsyncGenerator[str, None]:
    """Yield each sentence as soon as it is complete, and the rest at the end."""
    pending = ""
    async for text in texts:
        complete, pending = split_sentences(pending + text)
        for sentence in complete:
            yield sentence
    if pending.strip():
        yield pending.strip()
