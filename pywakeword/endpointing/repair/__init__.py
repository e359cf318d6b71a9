"""Repair of incomplete commands: which role is missing, and what to ask."""

from pywakeword.endpointing.repair.amr import AmrRepair
from pywakeword.endpointing.repair.frames import (
    COMMAND_FRAMES,
    CommandFrame,
    FrameRepair,
    Repair,
    Role,
)

__all__ = ["COMMAND_FRAMES", "AmrRepair", "CommandFrame", "FrameRepair", "Repair", "Role"]
