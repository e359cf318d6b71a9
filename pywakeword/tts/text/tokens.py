"""Splits a text into words and punctuation, as a treebank does.

Clitics are separate words (``it | 's``, ``do | n't``), and so are the parts of a hyphenated
compound. Punctuation is kept although it is not spoken: it shows where clauses begin and end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pywakeword.tts.text.sentences import ABBREVIATIONS, TITLES, sentence_ends

MARKS = ("comma", "stop", "question", "colon", "dash", "hyphen", "quote", "open", "close")

_MARK_OF = {
    **dict.fromkeys([","], "comma"),
    **dict.fromkeys([".", "!", "..", "...", "\u2026", "[...]", "\u2026.", "!."], "stop"),
    **dict.fromkeys(["?", "?!", "!?"], "question"),
    **dict.fromkeys([":", ";"], "colon"),
    **dict.fromkeys(["-", "--", "---", "\u2013", "\u2014"], "dash"),
    **dict.fromkeys(
        ['"', "'", "\u201c", "\u201d", "\u2018", "\u2019", "``", "''", "\u00ab", "\u00bb"], "quote"
    ),
    **dict.fromkeys(["(", "[", "{", "-LRB-"], "open"),
    **dict.fromkeys([")", "]", "}", "-RRB-"], "close"),
}
# A prefix and the part after the hyphen are one word in a treebank: non-stop, but all|-|girl.
_PREFIXES = (
    "anti|co|counter|cross|e|ex|inter|intra|mid|mini|multi|non|pan|post|pre|pro|re|semi|sub|trans"
)
_PIECE = re.compile(
    rf"""
    (?:https?://|www\.)[^\s"'()]*[\w/]                   # an address is one word
  | [^\s"'()@]+@[\w.-]+\.\w+ | \w{{2,}}(?:\.\w{{2,}})+
  | \d+(?:[.,:]\d+)*(?:st|nd|rd|th|s)?(?![^\W\d_])       # 3.5  1,000  9:30  21st
  | (?:[^\W\d_]\.){{2,}}                                 # U.S.
  | (?:{_PREFIXES})-\w+
  | \w+(?=n['\u2019]t\b) | n['\u2019]t\b                 # do|n't
  | ['\u2019](?:s|re|ve|ll|d|m)\b                        # it|'s
  | \w+(?:['\u2019](?!(?:s|re|ve|ll|d|m|t)\b)\w+)*       # fox  O'Reilly
  | \.{{2,}} | --+ | [?!]+ | \S
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SPOKEN_SYMBOL = re.compile(r"[&/%$€£@=+§#±<>|°]")


@dataclass(frozen=True)
class Token:
    """A word or punctuation mark, ``text[start:end]``; `mark` is None for a word."""

    text: str
    start: int
    end: int
    mark: str | None


def tokenize(text: str) -> list[Token]:
    """Split a text into words and punctuation."""
    tokens: list[Token] = []
    for match in _PIECE.finditer(text):
        piece, start, end = match[0], match.start(), match.end()
        if tokens and tokens[-1].end == start and piece == "." and _abbreviates(tokens[-1], text):
            last = tokens[-1]
            tokens[-1] = Token(last.text + ".", last.start, end, None)
            continue
        if piece in "'\u2019" and start > 0 and text[start - 1] in "sS" and _is_possessive(tokens):
            tokens.append(Token(piece, start, end, None))
            continue
        tokens.append(Token(piece, start, end, _mark(piece, text, start, end)))
    return tokens


def by_sentence(tokens: Sequence[Token], text: str) -> list[list[Token]]:
    """Group the tokens of a text by sentence; a group without a word joins its neighbour."""
    groups: list[list[Token]] = [[]]
    rest = list(tokens)
    for end in sentence_ends(text, at_line_breaks=False):
        if any(token.mark is None for token in groups[-1]):
            groups.append([])
        while rest and rest[0].start < end:
            groups[-1].append(rest.pop(0))
    if len(groups) > 1 and all(token.mark for token in groups[-1]):
        last = groups.pop()
        groups[-1].extend(last)
    return groups


def mark_of(text: str, *, is_hyphen: bool = False) -> str:
    """Return the kind of a punctuation token; "dash" if it is unknown."""
    return "hyphen" if is_hyphen else _MARK_OF.get(text, "dash")


def _mark(piece: str, text: str, start: int, end: int) -> str | None:
    if any(character.isalnum() for character in piece) or _SPOKEN_SYMBOL.fullmatch(piece):
        return None
    inside = start > 0 and end < len(text) and text[start - 1].isalnum() and text[end].isalnum()
    if piece[0] in "?!" and "?" in piece:
        return "question"
    return mark_of(piece, is_hyphen=inside and piece in ("-", "\u2010", "\u2011"))


def _abbreviates(word: Token, text: str) -> bool:
    """Whether the full stop directly after a word is part of it."""
    name = word.text.lower()
    if word.mark is not None or word.text.endswith("."):
        return False
    if name in TITLES:
        return True
    is_initial = len(name) == 1 and name.isalpha() and word.text.isupper() and name != "i"
    if not is_initial and name not in ABBREVIATIONS:
        return False
    return bool(text[word.end + 1 :].strip())  # at the very end it closes the sentence


def _is_possessive(tokens: Sequence[Token]) -> bool:
    # A single quote after an s ends a quotation if one is open.
    return (
        sum(token.text in ("'", "\u2018", "\u2019") and token.mark == "quote" for token in tokens)
        % 2
        == 0
    )
