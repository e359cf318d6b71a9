"""Classes of sentences that are reported separately, by rules on their words."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from pywakeword.tts.text.questions import question_type

_JOINING_WORDS = """
    if because when while although though since unless until before after as that which who
    whose where whether what how why
"""
_JOINING = frozenset(_JOINING_WORDS.split())
_FEWEST_COMPLEX = 6  # words
_MOSTLY = 0.5  # share of its occurrences in which a word is a common noun
_FEWEST_SEEN = 2
# Transcripts have single sentences only (`long_form` has more), and no or-question.
LACKING = ("or-question", "long-form")


def sentence_classes(trees: Path) -> dict[str, Callable[[str], bool]]:
    """Return a test for each class; compound nouns by the word tags of a treebank."""
    nouns = _nouns(trees)

    def is_compound(text: str) -> bool:
        words = text.split()
        return any(a in nouns and b in nouns for a, b in zip(words, words[1:]))

    return {
        "all": lambda text: True,
        "complex": _is_complex,
        "compound noun": is_compound,
        "wh-question": lambda text: question_type(text, guess_unmarked=True) == "wh",
        "yes/no question": lambda text: question_type(text, guess_unmarked=True) == "yes_no",
    }


def _is_complex(text: str) -> bool:
    """Whether a word inside the sentence begins a clause."""
    words = text.split()
    return len(words) >= _FEWEST_COMPLEX and any(word in _JOINING for word in words[1:-1])


def _nouns(trees: Path) -> frozenset[str]:
    tags: dict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(trees.glob("*.ptb")):
        for tag, word in re.findall(r"\((\S+) ([^\s()]+)\)", path.read_text(encoding="utf-8")):
            tags[word.lower()][tag] += 1
    return frozenset(
        word
        for word, counts in tags.items()
        if sum(counts.values()) >= _FEWEST_SEEN
        and counts["NN"] + counts["NNS"] > _MOSTLY * sum(counts.values())
    )
