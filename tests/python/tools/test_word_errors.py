from __future__ import annotations

import pytest

from tools.endpointing.figures.word_errors import distance, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Set a timer for 25 minutes!", "set a timer for twenty five minutes"),
        ("967-977-8449", "nine six seven nine seven seven eight four four nine"),
        ("In 1999, 300 came.", "in one thousand nine hundred ninety nine three hundred came"),
        ("ISLA S-A-N-T-O-S", "isla santos"),
        ("It\u2019s 5 % OK", "it's five percent okay"),
        ("007", "zero zero seven"),
        ("...", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert words_of(text) == words.split()


def test_distance() -> None:
    assert distance(["turn", "on", "the", "light"], ["turn", "the", "lights"]) == 2
    assert distance([], ["a"]) == 1
    assert distance(["a"], ["a"]) == 0
