"""What voices say for a word that is known by its text alone, and what they say instead."""

from __future__ import annotations

from pywakeword.training.material.near_misses import near_misses
from pywakeword.training.takes.words import Word

_NEAREST, _NEAREST_OF_PART = 36, 8


def word_of(text: str) -> Word:
    """Return the material of a wake word: how it is spoken, near misses, and parts of it."""
    parts = text.split()
    near = near_misses(text, _NEAREST)
    if len(parts) > 1:
        near = _one_part_replaced(parts) + near
    return Word((text,), tuple(near[: 2 * _NEAREST]) or partials(text), partials(text))


def partials(text: str) -> tuple[str, ...]:
    """Return beginnings and endings of a word, or the words of a phrase and what is near it."""
    parts = text.split()
    if len(parts) > 1:
        runs = [parts[:-1], parts[1:], *([p] for p in parts)]
        greeting = ["hello", *parts[1:]] if parts[0] in ("hey", "hi", "ok", "okay") else []
        joined = [" ".join(run) for run in runs if run] + [" ".join(greeting)] * bool(greeting)
        return tuple(dict.fromkeys(joined))
    cut = [text[:-2], text[:-3], text[2:], text[3:], text[: (len(text) + 1) // 2]]
    return tuple(dict.fromkeys(p for p in cut if len(p) > 1)) or (text[:1],)


def _one_part_replaced(parts: list[str]) -> list[str]:
    """Replace one word of a phrase by each word that sounds like it."""
    phrases = []
    for place, part in enumerate(parts):
        for near in near_misses(part, _NEAREST_OF_PART):
            phrases.append(" ".join([*parts[:place], near, *parts[place + 1 :]]))
    return phrases
