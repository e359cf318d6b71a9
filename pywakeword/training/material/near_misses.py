"""Words that sound like a wake word, from the pronouncing dictionary that pocketsphinx brings.

What a detector confuses is close in phones, not in letters. Words that contain the wake
word are left out: "computers" contains "computer".
"""

from __future__ import annotations

import bisect
import re
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

Phones = tuple[str, ...]
_COUNT = 40


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, Phones]:
    import pocketsphinx

    path = pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")
    words: dict[str, Phones] = {}
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            word, *phones = line.split()
            if re.fullmatch(r"[a-z']+", word):  # not the further pronunciations, word(2)
                words[word] = tuple(phones)
    return words


def pronunciation(text: str) -> Phones | None:
    """Return the phones of a text; a word that is not in the dictionary is split in two."""
    words = _dictionary()
    phones: Phones = ()
    for word in text.lower().split():
        halves = [(word[:k], word[k:]) for k in range(2, len(word) - 1)]
        known = [words[a] + words[b] for a, b in halves if a in words and b in words]
        if word in words:
            phones += words[word]
        elif known:
            phones += min(known, key=len)
        else:
            return None
    return phones


def distance(a: Phones, b: Phones) -> float:
    """Edit distance; a vowel for another vowel costs half."""
    row = [float(j) for j in range(len(b) + 1)]
    for i, j in product(range(1, len(a) + 1), range(1, len(b) + 1)):
        if j == 1:
            before, row[0] = row[0], float(i)
        swap = 0.0 if a[i - 1] == b[j - 1] else 0.5 if _vowels(a[i - 1], b[j - 1]) else 1.0
        before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + swap)
    return row[-1]


def _vowels(a: str, b: str) -> bool:
    return a[0] in "AEIOU" and b[0] in "AEIOU"


def near_misses(text: str, count: int = _COUNT) -> list[str]:
    """Return the dictionary's closest words to `text`, closest first; [] if it has no phones."""
    wanted = pronunciation(text)
    if wanted is None:
        return []
    words, farthest = list(_dictionary().items()), 0.6 * len(wanted)
    least = _least_distances(wanted)
    close: list[tuple[float, str]] = []
    for place in np.argsort(least, kind="stable"):
        if least[place] > farthest:
            break
        word, phones = words[place]
        if abs(len(phones) - len(wanted)) > 3 or _contains(phones, wanted):
            continue
        apart = distance(wanted, phones)
        if 0 < apart <= farthest:
            bisect.insort(close, (apart, word))
            del close[count:]
            if len(close) == count:
                farthest = min(farthest, close[-1][0])
    return [word for _, word in close]


def _least_distances(wanted: Phones) -> npt.NDArray[np.int64]:
    """Return a bound for every word of the dictionary: the consonants that have no partner."""
    kinds, counts = _consonants()
    have = np.array([wanted.count(kind) for kind in kinds])
    shared = np.minimum(counts, have).sum(axis=1)
    return np.asarray(np.maximum(counts.sum(axis=1), have.sum()) - shared, np.int64)


@lru_cache(maxsize=1)
def _consonants() -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the consonants, and how often each is in every word."""
    kinds = sorted({p for phones in _dictionary().values() for p in phones if p[0] not in "AEIOU"})
    place = {kind: i for i, kind in enumerate(kinds)}
    counts = np.zeros((len(_dictionary()), len(kinds)), np.int64)
    for row, phones in zip(counts, _dictionary().values()):
        for phone in phones:
            if phone in place:
                row[place[phone]] += 1
    return kinds, counts


def _contains(phones: Phones, part: Phones) -> bool:
    return any(phones[i : i + len(part)] == part for i in range(len(phones) - len(part) + 1))
