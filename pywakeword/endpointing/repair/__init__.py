"""Repair of incomplete commands: which role is missing, and what to ask."""

from pywakeword.endpointing.repair.amr import AmrRepair
from pywakeword.endpointing.repair.frames import (
    COMMAND_FRAMES,
    CommandFrame,
    FrameRepair,
    Repair,
    Role,
)
from pywakeword.endpointing.repair.language import ROLE_ANSWERS, ROLE_PROMPT, LanguageRepair

__all__ = [
    "COMMAND_FRAMES",
    "ROLE_ANSWERS",
    "ROLE_PROMPT",
    "AmrRepair",
    "CommandFrame",
    "FrameRepair",
    "LanguageRepair",
    "Repair",
    "Role",
]
