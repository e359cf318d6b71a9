"""From a request to the spoken answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.session.clock import SampleClock
from pywakeword.session.events import (
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

    `report` takes the events and `fire` the triggers of the session.
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
    _synthesis: Synthesis | None = None

    async def answer(self, request: SpokenRequest) -> None:
        """Return when the whole answer has been played, or a failure was reported."""
        stage = "speech to text"
        try:
            if self.speech_to_text is not None:
                text = await self.speech_to_text.transcribe(request.pcm)
                self.report(Transcribed(self.clock.now, text))
                request = dataclasses.replace(request, text=text)
            stage = "application"
            said = await self._ask(request)
            if self.tts is None or said is None or said == "":
                self.fire(Trigger.NO_ANSWER)
                return
            stage = "text to speech"
            prosody = self._prosody(request, self.tts)
            if isinstance(said, str):
                await self._speak(self.tts.synthesize(said, self.voice, prosody))
            else:
                await self._speak(self.tts.stream(said, self.voice, prosody))
        except Exception as error:
            self.report(Failed(self.clock.now, stage, error))
            self.fire(Trigger.FAILED)

    def stop(self) -> None:
        """Stop speaking. The session cancels the task that runs `answer`."""
        if self._synthesis is not None:
            self._synthesis.cancel()
            self._synthesis = None
        self.mixer.stop("tts")

    async def _ask(self, request: SpokenRequest) -> Answer:
        if self.application is None or request.text == "":
            return None
        return await self.application(request)

    def _prosody(self, request: SpokenRequest, tts: TtsClient) -> Prosody | None:
        if self.mirror is None:
            return self.prosody
        backend = tts.backend
        manner = self.mirror.follow(request.pcm).limited(backend.prosody_fields, backend.name)
        self.report(MannerChosen(self.clock.now, manner))
        return manner.times(self.prosody)

    async def _speak(self, synthesis: Synthesis) -> None:
        self._synthesis = synthesis
        resampler: Resampler | None = None
        async for chunk in synthesis:
            if resampler is None:
                resampler = Resampler(chunk.sample_rate_hz)
                self.fire(Trigger.ANSWER)
            self.mixer.play("tts", resampler.process_int16(chunk.pcm))
            await self.clock.until(lambda: self.mixer.n_queued("tts") < _AHEAD_SAMPLES)
        self._synthesis = None
        if resampler is None:
            self.fire(Trigger.NO_ANSWER)
            return
        self.mixer.play("tts", resampler.finish())
        await self.clock.until(lambda: self.mixer.n_queued("tts") == 0)
        self.fire(Trigger.PLAYED)
