"""The natural voices of `pywakeword voices` as back ends, in this process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from pywakeword._async import closing, within
from pywakeword.audio.resample import Resampler
from pywakeword.errors import PhonesError, ServiceRefusedError, ServiceUnavailableError
from pywakeword.tts.backends.base import Backend
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.clauses import clauses
from pywakeword.voices import StoppableVoice, VoiceFailedError, VoiceNotInstalledError, open_voice
from pywakeword.voices import Voice as Engine
from pywakeword.voices.engines.builtin import open_kokoro
from pywakeword.voices.voice import FASTEST, SLOWEST

TIMEOUT_S = 60.0
_CHUNK_S = 0.1
_HIBARI = {"en-us": "heart", "en-gb": "heart-gb"}
_KOKORO = {
    "en-us": "af_heart",
    "en-gb": "bf_emma",
    "es": "ef_dora",
    "fr": "ff_siwis",
    "hi": "hf_alpha",
    "it": "if_sara",
    "pt": "pf_dora",
}
_EDGE_DB, _EDGE_S = -45.0, 0.04
_PAUSES_S = ((".!?\u2026", 0.3), (";:\u2014\u2013", 0.2), (",", 0.12))


class VoiceBackend(Backend):
    """Speaks clause by clause, each synthesised while the one before it plays.

    Every clause is cut free of its silence and gets a pause that fits its punctuation. Pitch
    is changed by resampling, so the voice also sounds larger or smaller.

    Parameters
    ----------
    engine : pywakeword.voices.Voice
        The voice. Speakers and mixtures are its own, as `Voice("af_bella*0.6+am_adam*0.4")`.
    timeout_s : float
        Longest wait for the next clause.
    """

    name = "voice"
    prosody_fields = frozenset({"rate", "pitch"})
    by_segments = True

    def __init__(self, engine: Engine, *, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(timeout_s=timeout_s)
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)

    async def speak(
        self, text: str, voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak one text in chunks of 100 ms."""
        async with closing(self.speak_stream(_one(text), voice, prosody)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def speak_stream(
        self, texts: AsyncIterable[str], voice: Voice, prosody: Prosody
    ) -> AsyncGenerator[AudioChunk, None]:
        """Speak text that is still arriving, clause by clause."""
        rate_hz = self._engine.sample_rate
        language, speaker = self._choose(voice)
        speed = prosody.rate / prosody.pitch
        if not SLOWEST <= speed <= FASTEST:
            raise ServiceRefusedError(
                f"{self.name} speaks at {SLOWEST:g} to {FASTEST:g} times its rate; rate / pitch "
                f"is {speed:.2f}"
            )
        chunk_samples = round(_CHUNK_S * rate_hz)
        async with closing(clauses(texts)) as pieces:
            async for piece in pieces:
                if not any(letter.isalnum() for letter in piece):
                    continue
                audio = await self._synthesize(piece, speaker, speed, language)
                pcm = _resampled(_framed(audio, rate_hz), rate_hz, prosody.pitch)
                silence = np.zeros(round(_pause_s(piece) / prosody.rate * rate_hz), np.int16)
                pcm = np.concatenate([pcm, silence])
                for begin in range(0, len(pcm), chunk_samples):
                    yield AudioChunk(pcm[begin : begin + chunk_samples], rate_hz)

    async def aclose(self) -> None:
        """End the thread, without waiting for what it still computes."""
        self._thread.shutdown(wait=False)

    def _choose(self, voice: Voice) -> tuple[str, str | None]:
        """Return language and speaker."""
        if voice.speaker is not None:
            raise ServiceRefusedError(f"{self.name} names its speakers as voices: give --voice")
        language = voice.language or self._engine.languages[0]
        return language, voice.name

    async def _synthesize(
        self, text: str, speaker: str | None, speed: float, language: str
    ) -> npt.NDArray[np.float32]:
        engine = self._engine

        def work() -> npt.NDArray[np.float32]:
            return engine.synthesize(text, speaker, speed=speed, language=language)

        future = self._thread.submit(work)
        try:
            return await within(
                asyncio.shield(asyncio.wrap_future(future)),
                self.timeout_s,
                f"{self.name}: no audio",
            )
        except (ValueError, PhonesError, VoiceFailedError) as error:
            raise ServiceRefusedError(f"{self.name}: {error}") from error
        finally:
            # The thread is not waited for: what it still returns is dropped.
            if not future.done() and not future.cancel() and isinstance(engine, StoppableVoice):
                engine.stop()


class KokoroBackend(VoiceBackend):
    """Kokoro-82M: 54 speakers in seven languages, and every mixture. Needs the extra `kokoro`.

    Without a voice it is the best speaker of the language.

    Raises
    ------
    ServiceUnavailableError
        If it is not installed; the message says how.
    """

    name = "kokoro"

    def __init__(self, *, timeout_s: float = TIMEOUT_S, threads: int | None = None) -> None:
        n_threads = (os.cpu_count() or 1) if threads is None else threads
        super().__init__(_open(lambda: open_kokoro(n_threads)), timeout_s=timeout_s)

    def _choose(self, voice: Voice) -> tuple[str, str | None]:
        named = super()._choose(voice)[1]
        is_british = (named or "").startswith("b")
        language = voice.language or ("en-gb" if is_british else "en-us")
        return language, named or _KOKORO.get(language)


class HibariBackend(VoiceBackend):
    """hibari: small and fast, American ("heart") or British sounds. Needs the extra `hibari`.

    Raises
    ------
    ServiceUnavailableError
        If it is not installed; the message says how.
    """

    name = "hibari"

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(_open(lambda: open_voice("hibari")), timeout_s=timeout_s)

    def _choose(self, voice: Voice) -> tuple[str, str | None]:
        language, named = super()._choose(voice)
        return language, named or _HIBARI.get(language)


def _open(load: Callable[[], Engine]) -> Engine:
    try:
        return load()
    except VoiceNotInstalledError as error:
        raise ServiceUnavailableError(str(error)) from error


async def _one(text: str) -> AsyncIterator[str]:
    yield text


def _framed(audio: npt.NDArray[np.float32], rate_hz: int) -> npt.NDArray[np.float32]:
    """Cut the silence at both ends, down to 40 ms."""
    margin = round(_EDGE_S * rate_hz)
    loud = np.flatnonzero(np.abs(audio) > np.abs(audio).max(initial=0) * 10 ** (_EDGE_DB / 20))
    if not len(loud):
        return audio[:0]
    return audio[max(0, loud[0] - margin) : loud[-1] + margin]


def _resampled(audio: npt.NDArray[np.float32], rate_hz: int, pitch: float) -> npt.NDArray[np.int16]:
    converter = Resampler(round(rate_hz * pitch), rate_hz)
    pcm = np.clip(np.rint(audio * 32767), -32768, 32767).astype(np.int16)
    return np.concatenate([converter.process_int16(pcm), converter.finish()])


def _pause_s(clause: str) -> float:
    last = clause.rstrip("\"'\u201d\u2019)]")[-1:]
    return next((seconds for marks, seconds in _PAUSES_S if last in marks), 0.05)
