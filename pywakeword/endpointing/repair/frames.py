"""`FrameRepair`: finds the missing role of a command in a table of command frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._checks import check_type


@dataclass(frozen=True)
class Repair:
    """How to continue after an utterance that may be incomplete.

    Attributes
    ----------
    question : str or None
        Question for the person; None if nothing seems to be missing.
    missing_role : str or None
        The role that the answer fills.
    frame : str or None
        The recognised command.
    graph : object
        The parsed meaning, if the hook has one (`AmrRepair`: a penman.Graph).
    """

    question: str | None
    missing_role: str | None = None
    frame: str | None = None
    graph: Any = None


@dataclass(frozen=True)
class Role:
    """A part that a command must have.

    Attributes
    ----------
    name : str
        Name of the role.
    pattern : str
        Regular expression, searched in the whole utterance.
    question : str
        Question for the role.
    """

    name: str
    pattern: str
    question: str


@dataclass(frozen=True)
class CommandFrame:
    """A command: the pattern that identifies it, and its roles in the order of the questions."""

    name: str
    trigger: str
    roles: tuple[Role, ...]


_NUMBER = (
    r"(?:\d+|an?|half|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    r"fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty)"
)
# Words that cannot fill a role: "play the" has no object.
_FUNCTION_WORDS = (
    r"(?:a|an|the|my|to|for|of|in|on|at|off|up|down|by|with|and|or|some|me|please|that|it'?s?)"
)
_CONTENT = rf"\b(?!{_FUNCTION_WORDS}\b)[\w']+"

COMMAND_FRAMES: tuple[CommandFrame, ...] = (
    CommandFrame(
        "timer",
        r"\btimer\b",
        (Role("duration", rf"\b{_NUMBER}\b.*\b(?:second|minute|hour)s?\b", "For how long?"),),
    ),
    CommandFrame(
        "alarm",
        r"\b(?:alarm|wake me)\b",
        (Role("time", rf"\b(?:(?!an?\b){_NUMBER}|noon|midnight|sunrise)\b", "For what time?"),),
    ),
    CommandFrame(
        "reminder",
        r"\bremind me\b",
        (Role("what", rf"\b(?:to|about|of|that)\b.*?{_CONTENT}", "What should I remind you of?"),),
    ),
    CommandFrame(
        "volume",
        r"\b(?:volume|louder|quieter)\b",
        (Role("change", rf"\b(?:louder|quieter|up|down|mute|{_NUMBER})\b", "Up or down?"),),
    ),
    CommandFrame(
        "temperature",
        r"\b(?:heating|thermostat|temperature)\b",
        (Role("value", rf"\b(?:up|down|on|off|(?!an?\b){_NUMBER})\b", "To how many degrees?"),),
    ),
    CommandFrame(
        "switch",
        r"\b(?:turn|switch)\b",
        (
            Role("device", rf"\b(?:turn|switch)\b.*?{_CONTENT}", "What should I switch?"),
            Role("state", r"\b(?:on|off|up|down)\b", "On or off?"),
        ),
    ),
    CommandFrame(
        "play",
        r"\bplay\b",
        (Role("what", rf"\bplay\b.*?{_CONTENT}", "What should I play?"),),
    ),
    CommandFrame(
        "call",
        r"\b(?:call|phone)\b",
        (Role("whom", rf"\b(?:call|phone)\b.*?{_CONTENT}", "Whom should I call?"),),
    ),
    CommandFrame(
        "list",
        r"\badd\b",
        (
            Role(
                "what",
                # "add to my list" has none, "add milk to my list" has one.
                rf"\badd\b(?!\s+(?:to|on)\b).*?{_CONTENT}|\blist\s+{_CONTENT}",
                "What should I add?",
            ),
        ),
    ),
    CommandFrame(
        "booking",
        r"\b(?:book|reserve)\b",
        (
            Role("what", rf"\b(?:book|reserve)\b.*?{_CONTENT}", "What should I book?"),
            Role("for", rf"\b(?:for|at|on|to)\b.*?(?:{_CONTENT}|{_NUMBER})", "For whom, and when?"),
        ),
    ),
    CommandFrame(
        "message",
        r"\b(?:message|text|email)\b",
        (
            Role(
                "whom",
                rf"\b(?:to|message|text|email)\s+(?:my\s+|the\s+)?(?!message\b){_CONTENT}",
                "To whom?",
            ),
        ),
    ),
    CommandFrame(
        "weather",
        r"\b(?:weather|forecast)\b",
        (Role("place", r"^(?!.*\b(?:in|for|at|near|on)(?: the)?$)", "For which place?"),),
    ),
)

NOT_UNDERSTOOD = "Sorry, could you say that again?"
_DANGLING = re.compile(r"\b(?:a|an|the|my|to|for|of|in|at|by|with|and|or|that)$")
MORE = "Sorry, I did not hear the end. What else?"


class FrameRepair:
    """A hook for `TruncationCheck` that looks up the missing role in a table of commands.

    Parameters
    ----------
    frames : sequence of CommandFrame
        The first frame whose trigger matches is used.
    """

    def __init__(self, frames: Sequence[CommandFrame] = COMMAND_FRAMES) -> None:
        check_type("frames", frames, Sequence)
        for frame in frames:
            check_type("each of the frames", frame, CommandFrame)
        self._frames = [
            (frame, re.compile(frame.trigger), [re.compile(role.pattern) for role in frame.roles])
            for frame in frames
        ]

    def __call__(self, transcript: str, audio: npt.NDArray[np.int16], probability: float) -> Repair:
        """Return what to ask; see `RepairHook`."""
        text = " ".join(re.findall(r"[\w']+", transcript.lower()))
        for frame, trigger, patterns in self._frames:
            if not trigger.search(text):
                continue
            for role, pattern in zip(frame.roles, patterns):
                if not pattern.search(text):
                    return Repair(role.question, role.name, frame.name)
            # "set a timer for ten minutes and" has every role, but is incomplete.
            dangling = _DANGLING.search(text) is not None
            return Repair(MORE if dangling else None, None, frame.name)
        return Repair(NOT_UNDERSTOOD)
