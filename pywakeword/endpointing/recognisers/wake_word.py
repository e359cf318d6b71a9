"""Takes the wake word off a transcript that begins with it."""

from __future__ import annotations

import difflib

_LEAST_ALIKE = 0.6


def without_wake_word(text: str, wake_word: str) -> str:
    """Return the text behind the wake word; all of it if it does not begin with the word.

    Recognisers spell names as they like ("Hey, Samual"), so the first words are compared
    letter by letter.
    """
    words = text.split()
    return " ".join(words[n_wake_words(words, wake_word) :])


def n_wake_words(words: list[str], wake_word: str) -> int:
    """Return how many of the first words are the wake word."""
    wanted = _letters(wake_word)
    most = len(wake_word.split()) + 1
    alike = {
        n: difflib.SequenceMatcher(None, _letters(" ".join(words[:n])), wanted).ratio()
        for n in range(1, min(most, len(words)) + 1)
    }
    best = max(alike, key=lambda n: alike[n], default=0)
    return best if best and alike[best] >= _LEAST_ALIKE else 0


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())
