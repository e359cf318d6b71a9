"""The whole loop: wake word, verifier, utterance, application, spoken answer."""

from pywakeword.session.clock import SampleClock
from pywakeword.session.events import (
    Failed,
    PlaybackChanged,
    SessionEvent,
    StateChanged,
    Transcribed,
    Utterance,
    UtteranceHeard,
    VerdictGiven,
    WordHeard,
)
from pywakeword.session.loudspeaker import DuplexDevice, Loudspeaker, VirtualLoudspeaker
from pywakeword.session.machine import TRANSITIONS, Action, State, Transition, Trigger
from pywakeword.session.partners import SpeechToText, Verifier
from pywakeword.session.playback import Mixer, Span
from pywakeword.session.session import VoiceSession

__all__ = [
    "TRANSITIONS",
    "Action",
    "DuplexDevice",
    "Failed",
    "Loudspeaker",
    "Mixer",
    "PlaybackChanged",
    "SampleClock",
    "SessionEvent",
    "Span",
    "SpeechToText",
    "State",
    "StateChanged",
    "Transcribed",
    "Transition",
    "Trigger",
    "Utterance",
    "UtteranceHeard",
    "VerdictGiven",
    "Verifier",
    "VirtualLoudspeaker",
    "VoiceSession",
    "WordHeard",
]
