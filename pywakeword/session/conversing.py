"""From a request to the answer of a speech-to-speech partner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from dataclasses import dataclass

from pywakeword._async import closing
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.audio.source import PcmBlock
from pywakeword.endpointing.recognisers.transcript import Transcript
from pywakeword.session.clock import SampleClock
from pywakeword.session.events import (
    AnswerText,
    AnswerTimed,
    Failed,
    SessionEvent,
    SpokenRequest,
    Transcribed,
)
from pywakeword.session.machine import Trigger
from pywakeword.session.playback import PlaybackMixer
from pywakeword.speech_to_speech import PersonSaid, SpeechToSpeech, Timing, VoiceSaid
from pywakeword.tts.speech import AudioChunk

# How far the answer may run ahead of the loudspeaker.
_AHEAD_SAMPLES = 10 * SAMPLE_RATE_HZ


@dataclass
class Conversing:
    """Plays what a partner answers, one request at a time; in place of `Answering`."""

    partner: SpeechToSpeech
    mixer: PlaybackMixer
    clock: SampleClock
    report: Callable[[SessionEvent], None]
    fire: Callable[[Trigger], None]
    _n_left: int = 0

    async def answer(
        self, request: SpokenRequest, transcript: Future[Transcript] | None = None
    ) -> None:
        """Return when the whole answer has been played, or a failure was reported."""
        n_played = 0
        resampler: Resampler | None = None
        try:
            async with closing(self.partner.respond(_once(request.pcm))) as turn:
                async for event in turn:
                    if isinstance(event, PersonSaid):
                        self.report(Transcribed(self.clock.now, event.text))
                    elif isinstance(event, VoiceSaid):
                        self.report(AnswerText(self.clock.now, event.text))
                    elif isinstance(event, Timing):
                        self.report(AnswerTimed(self.clock.now, event))
                    else:
                        if resampler is None:
                            resampler = Resampler(event.chunk.sample_rate_hz)
                            self.fire(Trigger.ANSWER)
                        n_played += await self._play(event.chunk, resampler)
            if resampler is None:
                self.fire(Trigger.NO_ANSWER)
                return
            self.mixer.play("tts", resampler.finish())
            await self.clock.until(lambda: self.mixer.n_queued("tts") == 0)
            self.fire(Trigger.PLAYED)
        except asyncio.CancelledError:  # by a newer wake word
            await self.partner.interrupt((n_played - self._n_left) / SAMPLE_RATE_HZ)
            raise
        except Exception as error:
            self.report(Failed(self.clock.now, "speech to speech", error))
            self.fire(Trigger.FAILED)

    def stop(self) -> None:
        """Stop playing. The session cancels the task that runs `answer`."""
        self._n_left = self.mixer.n_queued("tts")
        self.mixer.stop("tts")

    async def _play(self, chunk: AudioChunk, resampler: Resampler) -> int:
        pcm = resampler.process_int16(chunk.pcm)
        self.mixer.play("tts", pcm)
        await self.clock.until(lambda: self.mixer.n_queued("tts") < _AHEAD_SAMPLES)
        return len(pcm)


async def _once(pcm: PcmBlock) -> AsyncIterator[PcmBlock]:
    yield pcm
