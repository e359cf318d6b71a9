"""Repair of commands that were cut short: which role is missing, what to ask."""

from pywakeword.endpointing.repair.amr import AmrRepair
from pywakeword.endpointing.repair.frames import (
    COMMAND_FRAMES,
    CommandFrame,
    FrameRepair,
    Repair,
    Role,
)

__all__ = ["COMMAND_FRAMES", "AmrRepair", "CommandFrame", "FrameRepair", "Repair", "Role"]
