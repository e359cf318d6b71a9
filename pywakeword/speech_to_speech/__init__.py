"""Speech in, speech out: a cascade of this package's parts, or a realtime service."""

from pywakeword.speech_to_speech.cascade import Cascade
from pywakeword.speech_to_speech.protocol import (
    PersonSaid,
    Speech,
    SpeechToSpeech,
    Timing,
    TurnEvent,
    VoiceSaid,
)
from pywakeword.speech_to_speech.realtime import RealtimeClient, Tool

__all__ = [
    "Cascade",
    "PersonSaid",
    "RealtimeClient",
    "Speech",
    "SpeechToSpeech",
    "Timing",
    "Tool",
    "TurnEvent",
    "VoiceSaid",
]
