"""Voices by name: Kokoro, hibari, Piper, espeak-ng, flite, and your own.

`open_voice("kokoro").synthesize("hey robot", "af_bella*0.6+am_adam*0.4", speed=1.1)` returns
float audio at the voice's `sample_rate`. `registry` says how to add a voice.
"""

from pywakeword.voices.entry import VoiceEntry
from pywakeword.voices.errors import (
    VoiceFailedError,
    VoiceInstallError,
    VoiceNotInstalledError,
)
from pywakeword.voices.held_out import HELD_OUT, check_trainable, is_held_out
from pywakeword.voices.installing.install import Recipe, install
from pywakeword.voices.installing.packages import Package
from pywakeword.voices.installing.store import voices_dir
from pywakeword.voices.registry import entries, entry, open_voice, register
from pywakeword.voices.voice import AlignedVoice, Span, StoppableVoice, Voice

__all__ = [
    "HELD_OUT",
    "AlignedVoice",
    "Package",
    "Recipe",
    "Span",
    "StoppableVoice",
    "Voice",
    "VoiceEntry",
    "VoiceFailedError",
    "VoiceInstallError",
    "VoiceNotInstalledError",
    "check_trainable",
    "entries",
    "entry",
    "install",
    "is_held_out",
    "open_voice",
    "register",
    "voices_dir",
]
