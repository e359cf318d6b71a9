"""Input features of the syntax network, for training and prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pywakeword.tts.text.tokens import MARKS

ID_FEATURES = ("word", "suffix3", "suffix2", "prefix3", "shape")
N_FLAGS = 2 * len(MARKS)
UNKNOWN = 0  # id of values outside the vocabulary

Vocabulary = Mapping[str, Mapping[str, int]]


def word_features(word: str) -> tuple[str, ...]:
    """Return a word's values of `ID_FEATURES`."""
    text = word.lower().replace("\u2019", "'")
    text = text.rstrip(".") or text
    digits = "".join("0" if character.isdigit() else character for character in text)
    return digits, digits[-3:], digits[-2:], digits[:3], _shape(word)


def encode(
    pieces: Sequence[tuple[str, str | None]], vocabulary: Vocabulary
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the network's inputs for one sentence.

    Parameters
    ----------
    pieces : sequence of (text, mark)
        Words (mark None) and punctuation, in order.
    vocabulary : mapping
        Ids of the values of each feature in `ID_FEATURES`.

    Returns
    -------
    ids : (n_words, n_features) ndarray of int64
    flags : (n_words, n_flags) ndarray of float32
        1 for each mark before the word, then for each mark after it.
    """
    tables = [vocabulary[name] for name in ID_FEATURES]
    ids: list[list[int]] = []
    before: list[list[float]] = [[0.0] * len(MARKS)]
    for text, mark in pieces:
        if mark is not None:
            before[-1][MARKS.index(mark)] = 1.0
            continue
        ids.append([t.get(v, UNKNOWN) for t, v in zip(tables, word_features(text))])
        before.append([0.0] * len(MARKS))
    marks = np.array(before, np.float32)
    return (
        np.array(ids, np.int64).reshape(-1, len(ID_FEATURES)),
        np.concatenate([marks[:-1], marks[1:]], axis=1),
    )


def _shape(word: str) -> str:
    if any(character.isdigit() for character in word):
        return "digit"
    if not any(character.isalpha() for character in word):
        return "symbol"
    if word.islower():
        return "lower"
    if word.isupper():
        return "single" if len(word) == 1 else "upper"
    return "title" if word[0].isupper() else "mixed"
