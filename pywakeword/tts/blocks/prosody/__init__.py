"""Blocks that set the prosody: chosen for the text, or taken from a recording."""

from pywakeword.tts.blocks.prosody.contour import ContourTransfer
from pywakeword.tts.blocks.prosody.selector import ProsodySelector
from pywakeword.tts.blocks.prosody.transfer import ProsodyTransfer

__all__ = ["ContourTransfer", "ProsodySelector", "ProsodyTransfer"]
