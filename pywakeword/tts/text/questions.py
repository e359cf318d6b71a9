"""The type of a sentence: statement, or which kind of question."""

from __future__ import annotations

import re
from typing import Literal

QuestionType = Literal["statement", "wh", "yes_no", "or"]
QUESTION_TYPES: tuple[QuestionType, ...] = ("statement", "wh", "yes_no", "or")

_WH = "what|who|whom|whose|which|where|when|why|how"
_WH_START = re.compile(
    r"(?:(?:and|but|so|well|then)[ ,]+)?(?:(?:at|by|for|from|in|of|on|to|with)\s+)?"
    rf"(?:{_WH})\b",
    re.IGNORECASE,
)
_AUXILIARY_WORDS = """
    am is are was were do does did have has had will would can could shall should may might must
    isn't aren't wasn't weren't don't doesn't didn't won't can't couldn't
"""
_AUXILIARIES = frozenset(_AUXILIARY_WORDS.split())
_CLOSING = r"[\"'\u201d\u2019)\]!?]*\s*$"
_ASKED = re.compile(rf"\?{_CLOSING}")
_MARKED = re.compile(rf"[.!?\u2026]{_CLOSING}")
ALTERNATIVE = re.compile(r"\bor\b", re.IGNORECASE)


def question_type(sentence: str, *, guess_unmarked: bool = False) -> QuestionType:
    """Return the type of a sentence: a question is what ends with a question mark.

    Parameters
    ----------
    sentence : str
        One sentence.
    guess_unmarked : bool
        For transcripts without punctuation. If the sentence has no closing mark, its first
        words decide: an auxiliary verb makes it a yes/no question; a question word makes it a
        wh-question if an auxiliary follows as the second or third word.
    """
    if _ASKED.search(sentence):
        # The question is in the last clause: "If it rains, where do we go?"
        clause = re.split(r"[,;:]\s+", sentence)[-1]
        if starts_with_question_word(sentence) or starts_with_question_word(clause):
            return "wh"
    elif not guess_unmarked or _MARKED.search(sentence):
        return "statement"
    else:
        words = re.findall(r"[\w']+", sentence.lower())
        if words and re.fullmatch(_WH, words[0]):
            return "wh" if any(word in _AUXILIARIES for word in words[1:3]) else "statement"
        if len(words) < 3 or words[0] not in _AUXILIARIES:
            return "statement"
    return "or" if ALTERNATIVE.search(sentence) else "yes_no"


def starts_with_question_word(text: str) -> re.Match[str] | None:
    """Match a question word at the start, with the conjunction or preposition before it."""
    return _WH_START.match(text)
