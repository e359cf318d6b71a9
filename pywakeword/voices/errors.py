"""What can go wrong with a voice besides bad arguments."""

from __future__ import annotations

from pywakeword.errors import PyWakewordError


class VoiceNotInstalledError(PyWakewordError):
    """A voice is not on this machine; the message says how to get it."""

    def __init__(self, voice: str, remedy: str) -> None:
        super().__init__(voice, remedy)
        self.voice = voice
        self.remedy = remedy

    def __str__(self) -> str:
        return f"the voice {self.voice} is not installed: {self.remedy}"


class VoiceInstallError(PyWakewordError):
    """A voice could not be installed; nothing of it was kept."""


class VoiceFailedError(PyWakewordError):
    """A voice's program ended with an error, or returned no audio."""
