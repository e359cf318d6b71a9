"""What every text-to-speech back end has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable
from typing import ClassVar

from pywakeword._async import closing
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.sentences import sentences

DEFAULT_TIMEOUT_S = 10.0


class Backend(ABC):
    """Turns text into speech; `TtsClient` asks, cancels and converts for all of them.

    A back end raises the `ServiceError` classes and nothing else for what goes
    wrong outside. It releases its connection or process when its generator is
    closed or its task cancelled.

    Attributes
    ----------
    name : str
        How the command line calls it.
    prosody : frozenset of str
        Fields of `Prosody` that it follows; `volume` is the client's work.
    ssml_elements : frozenset of str
        Elements of SSML that it understands; empty for plain text only.
    timeout_s : float
        Longest wait for the next audio while it has all the text it waits for.
    """

    name: ClassVar[str]
    prosody: ClassVar[frozenset[str]] = frozenset()
    ssml_elements: frozenset[str] = frozenset()

    def __init__(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        if not timeout_s > 0:
            raise ValueError(f"timeout_s must be positive, got {timeout_s!r}")
        self.timeout_s = timeout_s

    @abstractmethod
    def speak(self, text: str, voice: Voice, prosody: Prosody) -> AsyncGenerator[AudioChunk, None]:
        """Speak one text; an `Ssml` holds no other elements than `ssml_elements`."""

    async def speak_stream(
        self, texts: AsyncIterable[str], voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak plain text that is still arriving: here, a sentence at a time."""
        async with closing(sentences(texts)) as complete:
            async for sentence in complete:
                async with closing(self.speak(sentence, voice, prosody)) as chunks:
                    async for chunk in chunks:
                        yield chunk

    async def aclose(self) -> None:
        """Release what is held between two requests."""
        return
