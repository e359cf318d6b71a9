"""Joins the text of a truncated request with that of its continuation."""

from __future__ import annotations

import re

_KEY = re.compile(r"[^\w']")


def join_texts(first: str, second: str) -> str:
    """Return one text of two parts.

    Words that the second part repeats from the end of the first are taken once. If the second
    part begins as the first does, the person said it again, and it replaces the first.
    """
    head, tail = first.split(), second.split()
    if not head or not tail:
        return first.strip() or second.strip()
    head_keys, tail_keys = _keys(head), _keys(tail)
    n_same = min(2, len(head))
    if len(tail) > n_same and tail_keys[:n_same] == head_keys[:n_same]:
        return " ".join(tail)
    overlap = min(len(head), len(tail))
    while overlap and head_keys[-overlap:] != tail_keys[:overlap]:
        overlap -= 1
    rest = tail[overlap:]
    if not rest:
        return " ".join(head)
    head[-1] = head[-1].rstrip(".,;:!?-…")
    if not (rest[0].startswith("I") and rest[0][1:2] in ("", "'")):
        rest[0] = rest[0][0].lower() + rest[0][1:]
    return " ".join(word for word in (*head, *rest) if word)


def _keys(words: list[str]) -> list[str]:
    return [_KEY.sub("", word.lower()) for word in words]
