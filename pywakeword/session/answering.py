"""From a request to the spoken answer."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from concurrent.futures import Future

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.endpointing.recognisers.transcribing import too_slow
from pywakeword.endpointing.recognisers.transcript import Transcript
from pywakeword.endpointing.repair.frames import Repair
from pywakeword.endpointing.repair.joining import join_texts
from pywakeword.endpointing.truncation import TruncationCheck
from pywakeword.session.clock import SampleClock
from pywakeword.session.events import (
    Asked,
    Failed,
    MannerChosen,
    SessionEvent,
    SpokenRequest,
    Transcribed,
)
from pywakeword.session.machine import Trigger
from pywakeword.session.partners import Answer, Application, SpeechToText
from pywakeword.session.playback import PlaybackMixer
from pywakeword.tts.client import Synthesis, TtsClient
from pywakeword.tts.mirror import ProsodyMirror
from pywakeword.tts.speech import Prosody, Voice

# How far synthesis may run ahead of the loudspeaker.
_AHEAD_SAMPLES = 10 * SAMPLE_RATE_HZ


@dataclasses.dataclass
class Answering:
    """Calls speech to text, the application and text to speech, one request at a time.

    `report` takes the events and `fire` the triggers of the session; `keep` takes a request
    whose rest is asked for.
    """

    application: Application | None
    speech_to_text: SpeechToText | None
    tts: TtsClient | None
    voice: str | Voice | None
    prosody: Prosody | None
    mirror: ProsodyMirror | None
    mixer: PlaybackMixer
    clock: SampleClock
    report: Callable[[SessionEvent], None]
    fire: Callable[[Trigger], None]
    keep: Callable[[SpokenRequest], None]
    truncation: TruncationCheck | None = None
    transcript_timeout_s: float = 5.0
    truncation_grace_s: float = 1.0
    _synthesis: Synthesis | None = None

    async def answer(
        self, request: SpokenRequest, transcript: Future[Transcript] | None = None
    ) -> None:
        """Return when the whole answer has been played, or a failure was reported."""
        stage = "speech to text"
        try:
            request = await self._with_text(request, transcript)
            repair = self._repair(request)
            if repair is not None:
                stage = "text to speech"
                await self._ask_for_the_rest(request, repair)
                return
            stage = "application"
            said = await self._ask(request)
            if self.tts is None or said is None or said == "":
                self.fire(Trigger.NO_ANSWER)
                return
            stage = "text to speech"
            prosody = self._prosody(request, self.tts)
            if isinstance(said, str):
                synthesis = self.tts.synthesize(said, self.voice, prosody)
            else:
                synthesis = self.tts.stream(said, self.voice, prosody)
            spoken = await self._speak(synthesis, lambda: self.fire(Trigger.ANSWER))
            self.fire(Trigger.PLAYED if spoken else Trigger.NO_ANSWER)
        except Exception as error:
            self.report(Failed(self.clock.now, stage, error))
            self.fire(Trigger.FAILED)

    def stop(self) -> None:
        """Stop speaking. The session cancels the task that runs `answer`."""
        if self._synthesis is not None:
            self._synthesis.cancel()
            self._synthesis = None
        self.mixer.stop("tts")

    async def _with_text(
        self, request: SpokenRequest, transcript: Future[Transcript] | None
    ) -> SpokenRequest:
        """Return the request with its text, joined with that of its first part."""
        if request.text is not None:
            return request
        found = None
        if transcript is not None:
            waiting = asyncio.wrap_future(transcript)
            try:
                found = await asyncio.wait_for(waiting, self.transcript_timeout_s)
            except asyncio.TimeoutError:
                raise too_slow(self.transcript_timeout_s) from None
            text = found.text
        elif self.speech_to_text is not None:
            text = await self.speech_to_text.transcribe(request.pcm)
        else:
            return request
        if request.first is not None and request.first.text is not None:
            text = join_texts(request.first.text, text)
        self.report(Transcribed(self.clock.now, text, found))
        return dataclasses.replace(request, text=text, transcript=found)

    def _repair(self, request: SpokenRequest) -> Repair | None:
        """Return what to ask. Each request is asked about once."""
        if self.truncation is None or request.first is not None or not request.text:
            return None
        repair = self.truncation.judge_end(request.speech_end_sample, request.pcm, request.text)
        return None if repair is None or repair.question is None else repair

    async def _ask_for_the_rest(self, request: SpokenRequest, repair: Repair) -> None:
        # A person who is thinking goes on within the grace period: then nothing is asked.
        await self.clock.sleep(self.truncation_grace_s)
        self.keep(request)
        self.report(Asked(self.clock.now, repair))
        self.fire(Trigger.QUESTION)
        if self.tts is not None and repair.question is not None:
            await self._speak(self.tts.synthesize(repair.question, self.voice, self.prosody))
        self.fire(Trigger.PLAYED)

    async def _ask(self, request: SpokenRequest) -> Answer:
        if self.application is None or request.text == "":
            return None
        return await self.application(request)

    def _prosody(self, request: SpokenRequest, tts: TtsClient) -> Prosody | None:
        if self.mirror is None:
            return self.prosody
        fields = tts.prosody_fields(self.voice)
        manner = self.mirror.follow(request.pcm).limited(fields, tts.backend.name)
        self.report(MannerChosen(self.clock.now, manner))
        return manner.times(self.prosody)

    async def _speak(
        self, synthesis: Synthesis, started: Callable[[], None] = lambda: None
    ) -> bool:
        """Play speech to its end; return whether there was any."""
        self._synthesis = synthesis
        resampler: Resampler | None = None
        async for chunk in synthesis:
            if resampler is None:
                resampler = Resampler(chunk.sample_rate_hz)
                started()
            self.mixer.play("tts", resampler.process_int16(chunk.pcm))
            await self.clock.until(lambda: self.mixer.n_queued("tts") < _AHEAD_SAMPLES)
        self._synthesis = None
        if resampler is None:
            return False
        self.mixer.play("tts", resampler.finish())
        await self.clock.until(lambda: self.mixer.n_queued("tts") == 0)
        return True
