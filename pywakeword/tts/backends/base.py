"""`Backend`: the interface of all text-to-speech back ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable
from typing import ClassVar

from pywakeword._async import closing
from pywakeword._checks import check_number
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.sentences import sentences

DEFAULT_TIMEOUT_S = 10.0


class Backend(ABC):
    """Turns text into speech; use it through `TtsClient`.

    All external failures raise subclasses of `ServiceError`. Closing a generator or cancelling
    its task releases the connection or process.

    Attributes
    ----------
    name : str
        Name on the command line.
    prosody_fields : frozenset of str
        Supported fields of `Prosody`; the client applies `volume`.
    ssml_elements : frozenset of str
        Supported SSML elements; empty for plain text only.
    by_segments : bool
        Whether the client performs stage directions for it, piece by piece.
    timeout_s : float
        Longest wait for audio once all text has been sent.
    """

    name: ClassVar[str]
    prosody_fields: ClassVar[frozenset[str]] = frozenset()
    ssml_elements: frozenset[str] = frozenset()
    by_segments: ClassVar[bool] = False

    def __init__(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        check_number("timeout_s", timeout_s)
        if not 0 < timeout_s < float("inf"):
            raise ValueError(f"timeout_s must be positive and finite, got {timeout_s!r}")
        self.timeout_s = timeout_s

    def fields_of(self, voice: Voice) -> frozenset[str]:
        """Return the fields of `Prosody` that one voice supports."""
        return self.prosody_fields

    @abstractmethod
    def speak(self, text: str, voice: Voice, prosody: Prosody) -> AsyncGenerator[AudioChunk, None]:
        """Speak one text; an `Ssml` has only elements of `ssml_elements`."""

    async def speak_stream(
        self, texts: AsyncIterable[str], voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak text that is still arriving; by default, sentence by sentence."""
        async with closing(sentences(texts)) as complete:
            async for sentence in complete:
                async with closing(self.speak(sentence, voice, prosody)) as chunks:
                    async for chunk in chunks:
                        yield chunk

    async def aclose(self) -> None:
        """Release what is kept between requests."""
        return
