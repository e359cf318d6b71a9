"""A voice that follows the person's: how something was said, and how to answer."""

from pywakeword.tts.mirror.mirror import Manner, ProsodyMirror
from pywakeword.tts.mirror.utterance import UtteranceProsody, measure_utterance

__all__ = ["Manner", "ProsodyMirror", "UtteranceProsody", "measure_utterance"]
