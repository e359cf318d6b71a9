"""Splits text into sentences, also while the text is still arriving.

The only sentence splitter of the project.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable

# A sentence is complete once white space follows: until then "3." may become "3.5".
_CLOSING = "[\"'\u201d\u2019\u00bb)\\]]*"
_BOUNDARY = re.compile(
    rf"(?<=[.!?\u2026]){_CLOSING}\s+|(?P<line_break>\n+)|(?<=[\u3002\uff01\uff1f])"
)
# No sentence ends after a title; after another abbreviation one ends only with the text.
TITLES = frozenset(["mr", "mrs", "ms", "dr", "prof", "gen", "sen", "rep", "rev", "vs", "cf", "fig"])
ABBREVIATIONS = TITLES | frozenset(["st", "jr", "sr", "etc", "al", "vol", "inc", "ltd", "co"])
_LAST_WORD = re.compile(r"(?:^|[^\w.])((?:[^\W\d_]\.)*[^\W\d_]+)\.$")


def split_sentences(text: str, *, at_line_breaks: bool = True) -> tuple[list[str], str]:
    """Return the complete sentences of `text`, and the rest.

    Parameters
    ----------
    text : str
        Any text.
    at_line_breaks : bool
        Whether a line break ends a sentence, as in a list or a chat. False for text that may
        be wrapped into lines.
    """
    ends = _boundaries(text, at_line_breaks)
    complete = [text[begin:end].strip() for begin, end in zip([0, *ends], ends)]
    return complete, text[ends[-1] if ends else 0 :]


def all_sentences(text: str, *, at_line_breaks: bool = True) -> list[str]:
    """Return all sentences of a whole text; see `split_sentences`."""
    complete, rest = split_sentences(text, at_line_breaks=at_line_breaks)
    return [*complete, rest.strip()] if rest.strip() else complete


def sentence_ends(text: str, *, at_line_breaks: bool = True) -> list[int]:
    """Return the index after each sentence of a whole text; see `split_sentences`."""
    return [*_boundaries(text, at_line_breaks), len(text)]


async def sentences(texts: AsyncIterable[str]) -> AsyncGenerator[str, None]:
    """Yield each sentence as soon as it is complete, and the rest at the end."""
    pending = ""
    async for text in texts:
        complete, pending = split_sentences(pending + text)
        for sentence in complete:
            yield sentence
    if pending.strip():
        yield pending.strip()


def _boundaries(text: str, at_line_breaks: bool) -> list[int]:
    ends: list[int] = []
    begin = 0
    for boundary in _BOUNDARY.finditer(text):
        sentence = text[begin : boundary.end()].strip()
        if not sentence or (boundary["line_break"] and not at_line_breaks):
            continue
        if _ends_abbreviated(sentence, text[boundary.end() :]):
            continue
        ends.append(boundary.end())
        begin = boundary.end()
    return ends


def _ends_abbreviated(sentence: str, following: str) -> bool:
    """Whether the full stop at the end belongs to an abbreviation."""
    last = _LAST_WORD.search(sentence)
    if last is None:
        return False
    word = last[1]
    if word == "No":  # "No. 5", but "No. I won't."
        return not following or following[0].isdigit()
    is_initial = len(word) == 1 and word.isupper() and word != "I"
    return is_initial or "." in word or word.lower() in ABBREVIATIONS
