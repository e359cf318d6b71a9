"""Word errors between texts, whatever the spelling of numbers and the punctuation."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety"
_SPELLED = {"ok": "okay", "mr": "mister", "mrs": "missus", "dr": "doctor", "%": "percent"}


def words_of(text: str) -> list[str]:
    """Return the words in lower case, with numbers below 10,000 in words."""
    found: list[str] = []
    text = re.sub(r"(?<=\d)-(?=\d)", "", text.lower().replace("\u2019", "'"))  # 967-8449
    text = re.sub(r"\b(?:[a-z]-)+[a-z]\b", lambda spelled: spelled[0].replace("-", ""), text)
    for word in re.findall(r"\d+|[a-z']+|%", text):
        if word.isdigit():
            found += _number(word)
        elif word.strip("'"):
            found.append(_SPELLED.get(word, word.strip("'")))
    return found


def distance(wanted: Sequence[str], found: Sequence[str]) -> int:
    """Return the number of words inserted, deleted or replaced."""
    row = list(range(len(found) + 1))
    for i, word in enumerate(wanted, 1):
        above, row = row, [i]
        for j, other in enumerate(found):
            row.append(min(above[j] + (word != other), above[j + 1] + 1, row[j] + 1))
    return row[-1]


def _number(digits: str) -> list[str]:
    value = int(digits)
    if len(digits) > 4 or (digits[0] == "0" and len(digits) > 1):  # read one by one
        return [_ONES.split()[int(digit)] for digit in digits]
    if value < 20:
        return [_ONES.split()[value]]
    if value < 100:
        ones = [] if value % 10 == 0 else _number(str(value % 10))
        return [_TENS.split()[value // 10], *ones]
    name, size = ("hundred", 100) if value < 1000 else ("thousand", 1000)
    rest = [] if value % size == 0 else _number(str(value % size))
    return [*_number(str(value // size)), name, *rest]
