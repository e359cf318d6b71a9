"""`Cascade`: recogniser, language model, director, mirror and voice, streamed through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Union

import numpy as np

from pywakeword._async import closing
from pywakeword.audio.source import PcmBlock
from pywakeword.speech_to_speech.protocol import (
    PersonSaid,
    Speech,
    Timing,
    TurnEvent,
    VoiceSaid,
)
from pywakeword.tts import Director, Prosody, ProsodyMirror, Synthesis, TtsClient, Voice
from pywakeword.tts.text.sentences import sentences

Recogniser = Callable[[bytes], str]
# Returns the answer, whole or while it is written.
LanguageModel = Callable[[str], Awaitable[Union[str, AsyncIterable[str]]]]


class Cascade:
    """A `SpeechToSpeech` of parts.

    Each sentence of the answer is directed and spoken while the next one is written.

    Parameters
    ----------
    recogniser : callable of bytes to str
        Transcribes mono 16-bit 16 kHz PCM; it runs on a thread.
    language_model : async callable of str
        Returns the answer: text, or an asynchronous iterator of text.
    tts : TtsClient
        Speaks it; the caller closes it.
    director : Director, optional
        Writes stage directions into each sentence.
    mirror : ProsodyMirror, optional
        Lets the answer follow how the person spoke.
    voice, prosody : optional
        As for `TtsClient.synthesize`.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        language_model: LanguageModel,
        tts: TtsClient,
        *,
        director: Director | None = None,
        mirror: ProsodyMirror | None = None,
        voice: str | Voice | None = None,
        prosody: Prosody | None = None,
    ) -> None:
        self._recogniser = recogniser
        self._language_model = language_model
        self._tts = tts
        self._director = director
        self._mirror = mirror
        self._voice = voice
        self._prosody = prosody
        self._synthesis: Synthesis | None = None
        self._interrupted = False

    async def respond(self, speech: AsyncIterable[PcmBlock]) -> AsyncGenerator[TurnEvent, None]:
        """Answer one turn; nothing is said if nothing was understood."""
        self._interrupted = False
        pcm = np.concatenate([np.zeros(0, np.int16), *[block async for block in speech]])
        watch = _Watch()
        prosody = self._prosody
        recognised = asyncio.ensure_future(
            asyncio.to_thread(self._recogniser, pcm.astype("<i2").tobytes())
        )
        await asyncio.sleep(0)  # it works while the mirror measures
        if self._mirror is not None:
            fields = self._tts.prosody_fields(self._voice)
            manner = self._mirror.follow(pcm).limited(fields, self._tts.backend.name)
            prosody = manner.times(prosody)
            watch.lap("mirror")
        text = await recognised
        watch.lap("recogniser")
        yield PersonSaid(text)
        if not text.strip() or self._interrupted:
            return
        answer = await self._language_model(text)
        async with closing(sentences(_pieces(answer))) as written:
            async for sentence in written:
                watch.lap("language model")
                synthesis = await self._start(sentence, prosody, watch)
                yield VoiceSaid(sentence)
                async for chunk in synthesis:
                    if watch.running:
                        watch.lap("voice")
                        yield watch.stop()
                    yield Speech(chunk)
                if self._interrupted:
                    return

    async def _start(self, sentence: str, prosody: Prosody | None, watch: _Watch) -> Synthesis:
        if self._director is None:
            self._synthesis = self._tts.synthesize(sentence, self._voice, prosody)
        else:
            direction = await asyncio.to_thread(self._director.direct, sentence)
            watch.lap("director")
            self._synthesis = self._tts.synthesize(direction.ssml, self._voice, prosody)
        return self._synthesis

    async def interrupt(self, played_s: float = 0.0) -> None:
        """End the answer in progress."""
        self._interrupted = True
        if self._synthesis is not None:
            self._synthesis.cancel()

    async def aclose(self) -> None:
        """End the answer in progress; the `TtsClient` stays open."""
        await self.interrupt()


class _Watch:
    """Sums the time of each part up to the first audio."""

    def __init__(self) -> None:
        self.running = True
        self._parts: dict[str, float] = {}
        self._start = self._lap = time.perf_counter()

    def lap(self, part: str) -> None:
        if self.running:
            now = time.perf_counter()
            self._parts[part] = self._parts.get(part, 0.0) + now - self._lap
            self._lap = now

    def stop(self) -> Timing:
        self.running = False
        return Timing(self._parts, self._lap - self._start)


async def _pieces(answer: str | AsyncIterable[str]) -> AsyncIterator[str]:
    if isinstance(answer, str):
        yield answer
    else:
        async for piece in answer:
            yield piece
