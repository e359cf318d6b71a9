"""What people say around a wake word, and without it, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pywakeword.training.takes._commands import COMMANDS, SLOTS
from pywakeword.training.takes._phrases import (
    CALLS,
    CARRIERS,
    EVERYDAY,
    FRAMES,
    MENTIONS,
    OTHER_WORDS,
)


@dataclass(frozen=True)
class Texts:
    """Templates of one language.

    Attributes
    ----------
    language : str
        "en", or a code of `Voice.languages`.
    commands : tuple of str
        Requests; `{slot}` is filled from `slots`.
    slots : mapping of str to tuple of str
        What a slot can be.
    calls : tuple of str
        Said directly in front of a wake word of one word: "hey".
    carriers : tuple of str
        Said before it as the start of a sentence: "so", "excuse me".
    mentions : tuple of str
        Sentences about `{word}`, which call nobody.
    frames : tuple of str
        What a near miss `{miss}` stands in; `{command}` is a request.
    everyday : tuple of str
        Sentences that have nothing to do with it.
    other_words : tuple of str
        What other assistants are called.
    """

    language: str
    commands: tuple[str, ...]
    slots: Mapping[str, tuple[str, ...]]
    calls: tuple[str, ...]
    carriers: tuple[str, ...]
    mentions: tuple[str, ...]
    frames: tuple[str, ...]
    everyday: tuple[str, ...]
    other_words: tuple[str, ...]


ENGLISH = Texts(
    language="en",
    commands=COMMANDS,
    slots=SLOTS,
    calls=CALLS,
    carriers=CARRIERS,
    mentions=MENTIONS,
    frames=FRAMES,
    everyday=EVERYDAY,
    other_words=OTHER_WORDS,
)
