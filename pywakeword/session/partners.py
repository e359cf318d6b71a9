"""Who a session works with: a verifier, a recogniser and an application."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from typing import Any, Protocol, Union

from pywakeword.audio.source import PcmBlock
from pywakeword.events import Detection
from pywakeword.session.events import Utterance

# Text, an `Ssml`, text that is still being made, or nothing to say.
Answer = Union[str, AsyncIterable[str], None]
Application = Callable[[Utterance], Awaitable[Answer]]


class Verifier(Protocol):
    """Judges a wake word a second time."""

    async def verify(self, detection: Detection) -> Any:
        """Return "accept", "reject" or "abstain", or an object that says it.

        By a bool `accepted`, as the decisions of `AsyncVerifier` do, or a `decision`.
        """
        ...


class SpeechToText(Protocol):
    """Understands speech; `WyomingSpeechToText`, for one."""

    async def transcribe(self, pcm: PcmBlock) -> str:
        """Return what was said, or an empty text."""
        ...


def decision_of(verdict: Any) -> str:
    """Return a verdict as "accept", "reject" or "abstain"; `TypeError` if it is none."""
    accepted = getattr(verdict, "accepted", None)
    if isinstance(accepted, bool):
        return "accept" if accepted else "reject"
    decision = getattr(verdict, "decision", verdict)
    if decision not in ("accept", "reject", "abstain"):
        raise TypeError(f"a verifier must answer accept, reject or abstain, not {verdict!r}")
    return str(decision)
