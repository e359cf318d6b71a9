"""Commands whose roles are marked, cut after each word: which role is missing is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pywakeword.training.takes._commands import SLOTS

# [role words]: the words that fill a role. At a bar and before it, the command is complete if it
# is cut, or it is not known yet what it will be.
WITH_FRAME = (
    "set a |timer for [duration {number} minutes]",
    "set a {food} |timer for [duration {number} minutes]",
    "wake |me up at [time {hour}]",
    "set an |alarm for [time {hour}]",
    "set an |alarm for [time {hour}] {day}",
    "remind |me to [what {chore}]",
    "remind |me about the [what {event}]",
    "remind |me at {hour} to [what {chore}]",
    "turn [state on] the [device {device}]",
    "turn [state off] the [device {room} light]",
    "turn the [device {device}] [state on]",
    "switch [state off] the [device {device}]",
    "play [what {genre}]",
    "play my [what {playlist} playlist]",
    "play the new album by [what {artist}]",
    "call [whom {person}]",
    "text [whom {person}]",
    "send a |message to [whom {person}]",
    "add [what {food}] to the shopping list",
    "book a |table for [time {hour}]",
    "what's the weather |in [place {city}]",
    "set the |volume to [value {number}]",
    "set the |heating to [value {degrees} degrees]",
)
WITHOUT_FRAME = (
    "move the [what {event}] to [time {hour}]",
    "translate [what {word}] into [language {language}]",
    "open the [what {cover}]",
    "lock the [what {door}]",
    "order [what {food}] again",
    "cancel the [what {event}]",
    "how far |is [place {city}]",
    "take |me to [place the {place}]",
    "what time is it |in [place {city}]",
    "set the |lights to [value {percent} percent]",
    "start the [what {machine}]",
    "order a taxi |for [time {hour}]",
)
KINDS = ("with a frame", "role begun", "without a frame")
_PART = re.compile(r"\[(\w+) ([^\]]*)\]|([^\[\]]+)")


@dataclass(frozen=True)
class CutCommand:
    """A command that was cut, and the roles that it lacks; there is at least one.

    Attributes
    ----------
    text : str
        What is left.
    missing : frozenset of str
        Roles that lack words.
    kind : {"with a frame", "role begun", "without a frame"}
        "role begun": of a frame, cut inside the words of a role ("remind me to charge").
    """

    text: str
    missing: frozenset[str]
    kind: str


def cut_commands(n_fillings: int, rng: np.random.Generator) -> Iterator[CutCommand]:
    """Fill each command `n_fillings` times, and cut it after each word that leaves a role open."""
    for has_frame, templates in ((True, WITH_FRAME), (False, WITHOUT_FRAME)):
        for template in templates:
            for _ in range(n_fillings):
                yield from _cuts(template, has_frame, rng)


def _cuts(template: str, has_frame: bool, rng: np.random.Generator) -> Iterator[CutCommand]:
    words: list[str] = []
    places: list[tuple[str, int, int]] = []  # role, its first word, one past its last
    first = 1
    for role, filling, plain in _PART.findall(template):
        before, bar, after = (plain or filling).partition("|")
        begin = len(words)
        words += _filled(before, rng)
        if bar:
            first = len(words) + 1
            words += _filled(after, rng)
        if role:
            places.append((role, begin, len(words)))
    for n in range(first, len(words)):
        missing = frozenset(role for role, _, end in places if n < end)
        begun = any(begin < n < end for _, begin, end in places)
        if missing:
            kind = ("role begun" if begun else "with a frame") if has_frame else "without a frame"
            yield CutCommand(" ".join(words[:n]), missing, kind)


def _filled(text: str, rng: np.random.Generator) -> list[str]:
    return re.sub(r"\{(\w+)\}", lambda slot: str(rng.choice(SLOTS[slot[1]])), text).split()
