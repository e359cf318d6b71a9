"""What a session works with: a verifier, a speech-to-text service and an application."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Protocol, Union

from pywakeword.audio.source import PcmBlock
from pywakeword.events import Detection
from pywakeword.session.events import SpokenRequest, Verdict

# Text, an `Ssml`, text that is still being written, or None for no answer.
Answer = Union[str, AsyncIterable[str], None]
Application = Callable[[SpokenRequest], Awaitable[Answer]]


class WordVerifier(Protocol):
    """Judges a detected wake word; `AsyncVerifier` does."""

    async def verify(self, detection: Detection) -> Verdict:
        """Return "accept", "reject" or "abstain", or an object with the verdict.

        The object has a bool `accepted`, as the decisions of `AsyncVerifier`, or a
        `decision` that is one of the three words.
        """
        ...


class SpeechToText(Protocol):
    """Turns speech into text; `WyomingSpeechToText` does."""

    async def transcribe(self, pcm: PcmBlock) -> str:
        """Return the text of mono 16 kHz speech, or an empty string."""
        ...


def decision_of(verdict: Verdict) -> str:
    """Return "accept", "reject" or "abstain"; `TypeError` for anything else."""
    accepted = getattr(verdict, "accepted", None)
    if isinstance(accepted, bool):
        return "accept" if accepted else "reject"
    decision = getattr(verdict, "decision", verdict)
    if decision not in ("accept", "reject", "abstain"):
        raise TypeError(f"a verifier must answer accept, reject or abstain, not {verdict!r}")
    return str(decision)
