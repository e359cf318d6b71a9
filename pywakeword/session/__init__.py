"""The whole loop: wake word, verifier, request, application, spoken answer."""

from pywakeword.session.clock import SampleClock
from pywakeword.session.events import (
    AnswerText,
    AnswerTimed,
    Asked,
    Attended,
    Failed,
    LookChanged,
    MannerChosen,
    PlaybackChanged,
    SessionEvent,
    SpokenRequest,
    StateChanged,
    Transcribed,
    UtteranceHeard,
    VerdictGiven,
    WordHeard,
)
from pywakeword.session.loudspeaker import DuplexDevice, Loudspeaker, VirtualLoudspeaker
from pywakeword.session.machine import TRANSITIONS, Action, State, Transition, Trigger
from pywakeword.session.partners import SpeechToText, WordVerifier
from pywakeword.session.playback import PlaybackMixer, Span
from pywakeword.session.session import VoiceSession

__all__ = [
    "TRANSITIONS",
    "Action",
    "AnswerText",
    "AnswerTimed",
    "Asked",
    "Attended",
    "DuplexDevice",
    "Failed",
    "LookChanged",
    "Loudspeaker",
    "MannerChosen",
    "PlaybackChanged",
    "PlaybackMixer",
    "SampleClock",
    "SessionEvent",
    "Span",
    "SpeechToText",
    "SpokenRequest",
    "State",
    "StateChanged",
    "Transcribed",
    "Transition",
    "Trigger",
    "UtteranceHeard",
    "VerdictGiven",
    "VirtualLoudspeaker",
    "VoiceSession",
    "WordHeard",
    "WordVerifier",
]
