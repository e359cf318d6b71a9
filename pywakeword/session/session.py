"""`VoiceSession`: wake word, verifier, request, application, spoken answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from pywakeword._checks import check_number, check_type
from pywakeword.audio.echo import EchoCanceller
from pywakeword.audio.history import AudioHistory
from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm
from pywakeword.audio.source import AudioSource, PcmBlock
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.endpointing.recognisers.transcribing import TranscribingSource
from pywakeword.endpointing.recognisers.transcript import Transcript
from pywakeword.endpointing.stream_listener import AnyEndpointer, StreamListener
from pywakeword.endpointing.truncation import TruncationCheck
from pywakeword.events import Attention, Detection, End, EndpointEvent, NoSpeech, Resumed
from pywakeword.look import LookSource, TalkingToMe
from pywakeword.measure.scanning import TRAILING_SILENCE_SAMPLES
from pywakeword.session.answering import Answering
from pywakeword.session.attending import Attending
from pywakeword.session.clock import SampleClock
from pywakeword.session.conversing import Conversing
from pywakeword.session.events import (
    Attended,
    PlaybackChanged,
    SessionEvent,
    SpokenRequest,
    StateChanged,
    UtteranceHeard,
    WordHeard,
)
from pywakeword.session.feed import read_blocks
from pywakeword.session.loudspeaker import Loudspeaker, VirtualLoudspeaker
from pywakeword.session.machine import Action, Machine, State, Trigger
from pywakeword.session.own_voice import OwnVoice, own_word_thresholds
from pywakeword.session.partners import Application, SpeechToText, WordVerifier
from pywakeword.session.playback import KINDS, Span
from pywakeword.session.tasks import SessionTasks
from pywakeword.session.verifying import Verifying
from pywakeword.speech_to_speech import SpeechToSpeech
from pywakeword.tts.client import TtsClient
from pywakeword.tts.mirror import ProsodyMirror
from pywakeword.tts.speech import Prosody, Voice
from pywakeword.wakeword import WakeWord

# An Endpointer can look back 10 s; up to 0.5 s may pass before it is started.
_LOOK_BACK_SAMPLES = round(9.5 * SAMPLE_RATE_HZ)
_TAIL_SAMPLES = SAMPLE_RATE_HZ // 5
# A person who talks hides from the canceller how well it has converged.
_CONVERGED_SAMPLES = 5 * SAMPLE_RATE_HZ


class VoiceSession:
    """The whole loop, as an asynchronous iterator of `SessionEvent`.

    Time is the time of the audio. On a file, the session waits for each answer before it
    reads on: equal audio and equal answers give equal events. With `realtime`, it reads the
    audio as it comes and waits for nothing.

    Parameters
    ----------
    source : AudioSource
        The microphone's audio.
    spotter : WakeWord
        Detects the wake word. The session sets its `device_state.playback`.
    answer : async callable of SpokenRequest, optional
        The application. Returns the answer: text, `Ssml`, an asynchronous iterator of text
        that is still being written, or None for no answer.
    tts : TtsClient, optional
        Speaks the answer; without it answers are not spoken.
    voice, prosody : optional
        As for `TtsClient.synthesize`.
    mirror : ProsodyMirror, optional
        Lets rate, pitch and volume of each answer follow those of the request.
    speech_to_text : SpeechToText, optional
        Fills in `SpokenRequest.text`. If the text is empty, the application is not called.
    speech_to_speech : SpeechToSpeech, optional
        Answers speech by speech, instead of `answer`, `speech_to_text`, `transcriber` and
        `tts`. The caller closes it.
    verifier : WordVerifier, optional
        Judges each wake word before the session listens.
    without_verdict : {"accept", "reject"}
        What to do with a wake word when the verifier abstains or fails.
    endpointer : Endpointer or TwoPassEndpointer, optional
        Decides when the person has finished.
    transcriber : TranscribingSource, optional
        Transcribes on this machine, instead of `speech_to_text`, when a pause may be the end.
    truncation : TruncationCheck, optional
        Checks the text of each request. If something is missing, the session asks for it,
        listens again and passes both parts to the application. It needs a text.
    look : LookSource, optional
        A camera. Somebody who looks at the device and talks needs no wake word, for the first
        request and for the next ones; what is said during an answer does not count. Nothing is
        verified then. The caller closes it.
    talking_to_me : TalkingToMe, optional
        Decides when a look and speech wake the session.
    loudspeaker : Loudspeaker, optional
        Plays the answers. Default: a `VirtualLoudspeaker`, which is silent.
    echo_canceller : EchoCanceller or bool
        Subtracts from the microphone what the session itself plays; the detector, the
        endpointer, the recorded request and the verifier get the cleaned audio. True makes
        one; with False, the microphone goes to them as it is. `spotter` should have
        `echo_cancelled` accordingly.
    own_voice : WakeWord or bool
        A second detector of the same words, at a low threshold. It gets what the session
        plays; a wake word in the microphone that it found there up to 0.5 s before is the
        device's own and dropped; `own_words` counts them. True makes one; False lets the
        device wake itself.
    realtime : bool
        Whether the source gives audio as it is recorded.
    block_ms : float
        Longest block of audio per step. An answer stops at most this long after the
        detection of a wake word.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If an option is out of range.
    """

    def __init__(
        self,
        source: AudioSource,
        spotter: WakeWord,
        answer: Application | None = None,
        *,
        tts: TtsClient | None = None,
        voice: str | Voice | None = None,
        prosody: Prosody | None = None,
        mirror: ProsodyMirror | None = None,
        speech_to_text: SpeechToText | None = None,
        speech_to_speech: SpeechToSpeech | None = None,
        verifier: WordVerifier | None = None,
        without_verdict: Literal["accept", "reject"] = "accept",
        endpointer: AnyEndpointer | None = None,
        transcriber: TranscribingSource | None = None,
        truncation: TruncationCheck | None = None,
        look: LookSource | None = None,
        talking_to_me: TalkingToMe | None = None,
        loudspeaker: Loudspeaker | None = None,
        echo_canceller: EchoCanceller | bool = True,
        own_voice: WakeWord | bool = True,
        realtime: bool = False,
        block_ms: float = 20.0,
    ) -> None:
        check_type("spotter", spotter, WakeWord)
        if tts is not None:
            check_type("tts", tts, TtsClient)
        if prosody is not None:
            check_type("prosody", prosody, Prosody)
        check_type("echo_canceller", echo_canceller, EchoCanceller, bool)
        check_type("own_voice", own_voice, WakeWord, bool)
        check_type("realtime", realtime, bool)
        if mirror is not None:
            check_type("mirror", mirror, ProsodyMirror)
        for name, method, partner in (
            ("source", "__iter__", source),
            ("answer", "__call__", answer),
            ("speech_to_text", "transcribe", speech_to_text),
            ("transcriber", "transcript", transcriber),
            ("truncation", "judge_end", truncation),
            ("speech_to_speech", "respond", speech_to_speech),
            ("verifier", "verify", verifier),
            ("endpointer", "start_after_wake_word", endpointer),
            ("loudspeaker", "played", loudspeaker),
            ("look", "until", look),
        ):
            if (partner is not None or name == "source") and not hasattr(partner, method):
                raise TypeError(f"{name} must have {method}(), got {type(partner).__name__}")
        if voice is not None:
            check_type("voice", voice, str, Voice)
        check_type("without_verdict", without_verdict, str)
        check_number("block_ms", block_ms)
        if without_verdict not in ("accept", "reject"):
            raise ValueError(
                f"without_verdict must be 'accept' or 'reject', got {without_verdict!r}"
            )
        if not 1 <= block_ms <= 200:
            raise ValueError(f"block_ms must be from 1 to 200, got {block_ms!r}")
        if transcriber is not None and speech_to_text is not None:
            raise ValueError("a session transcribes by transcriber or by speech_to_text, not both")
        if talking_to_me is not None and look is None:
            raise ValueError("talking_to_me needs a look source")
        if truncation is not None and transcriber is None and speech_to_text is None:
            raise ValueError("truncation needs a transcriber or speech_to_text")
        replaced = (answer, speech_to_text, transcriber, tts)
        if speech_to_speech is not None and any(part is not None for part in replaced):
            raise ValueError(
                "speech_to_speech replaces answer, speech_to_text, transcriber and tts"
            )
        self._source = source
        self._spotter = spotter
        endpointer = Endpointer() if endpointer is None else endpointer
        self._listener = StreamListener(spotter, endpointer, transcriber=transcriber)
        self._transcriber = transcriber
        self._transcript: Future[Transcript] | None = None
        self._first: SpokenRequest | None = None
        self._listen_from = 0
        self._loudspeaker = VirtualLoudspeaker() if loudspeaker is None else loudspeaker
        if isinstance(echo_canceller, bool):
            self._canceller = EchoCanceller() if echo_canceller else None
        else:
            self._canceller = echo_canceller
        if isinstance(own_voice, bool):
            lower = own_word_thresholds(spotter.lowest_thresholds)
            own_voice_spotter = spotter.another(threshold=lower) if own_voice else None
        else:
            own_voice_spotter = own_voice
        self._own_voice = None if own_voice_spotter is None else OwnVoice(own_voice_spotter)
        self._own_words = 0
        self._converged_until = 0
        self._realtime = realtime
        self._block_samples = round(block_ms * SAMPLE_RATE_HZ / 1000)

        self._machine = Machine()
        self._clock = SampleClock()
        self._history = AudioHistory(_LOOK_BACK_SAMPLES)
        self._events: list[SessionEvent] = []
        self._tasks = SessionTasks(self._clock)
        self._playback: str | None = None
        self._word: Detection | Attention | None = None
        report = self._events.append
        self._attending = None
        if look is not None:
            talking = talking_to_me or TalkingToMe()
            self._attending = Attending(look, talking, self._history, self._clock, report)
        self._verifying = (
            None
            if verifier is None
            else Verifying(verifier, without_verdict, self._clock, report, self._fire)
        )
        self._answering: Answering | Conversing = Answering(
            application=answer,
            speech_to_text=speech_to_text,
            tts=tts,
            voice=voice,
            prosody=prosody,
            mirror=mirror,
            mixer=self._loudspeaker.mixer,
            clock=self._clock,
            report=report,
            fire=self._fire,
            keep=self._keep,
            truncation=truncation,
            transcript_timeout_s=5.0 if transcriber is None else transcriber.timeout_s,
            truncation_grace_s=endpointer.grace_ms / 1000,
        )
        if speech_to_speech is not None:
            self._answering = Conversing(
                speech_to_speech, self._loudspeaker.mixer, self._clock, report, self._fire
            )
        self._started = False

    @property
    def state(self) -> State:
        """What the session is doing."""
        return self._machine.state

    @property
    def clock(self) -> SampleClock:
        """Time of the session. An application that waits for audio time sleeps on it."""
        return self._clock

    @property
    def own_words(self) -> int:
        """Wake words in the microphone that were dropped because the device said them."""
        return self._own_words

    def play(self, kind: str, pcm: Pcm) -> None:
        """Play mono 16 kHz audio from the next sample on: "music", "alarm", ..."""
        self._loudspeaker.mixer.play(kind, pcm)

    def started(self, kind: str) -> None:
        """Declare that another program plays this on the device, until `stop`."""
        self._loudspeaker.mixer.declare(kind)

    def stop(self, kind: str) -> None:
        """Stop what `play` queued, or declare that what `started` declared has ended."""
        self._loudspeaker.mixer.stop(kind)

    async def __aiter__(self) -> AsyncIterator[SessionEvent]:
        if self._started:
            raise ValueError("a session runs once; make another")
        self._started = True
        self._listener.reset()
        if self._spotter.device_state.playback in KINDS:
            self.started(self._spotter.device_state.playback)
        try:
            async for block in self._blocks():
                for begin in range(0, len(block), self._block_samples):
                    await self._step(block[begin : begin + self._block_samples])
                    for event in self._take_events():
                        yield event
            self._fire(Trigger.END_OF_AUDIO)
            for event in self._take_events():
                yield event
        finally:
            await self._tasks.cancel_all()
            self._stop_answer()

    async def _blocks(self) -> AsyncIterator[PcmBlock]:
        """Yield the source's audio, then silence until the session waits for a wake word."""
        async for block in read_blocks(self._source, realtime=self._realtime):
            yield block
        yield np.zeros(TRAILING_SILENCE_SAMPLES, np.int16)
        while self._machine.state is not State.WAITING:
            yield np.zeros(self._block_samples, np.int16)
        # The end of playback shows in the block after it.
        yield np.zeros(self._block_samples, np.int16)

    async def _step(self, block: PcmBlock) -> None:
        begin = self._clock.now
        detections: list[Detection] = []
        endpoints: list[EndpointEvent] = []
        spans = self._loudspeaker.played(begin, begin + len(block))
        played = _played_pcm(spans)
        if self._canceller is not None:
            block = self._canceller.process(block, played)
        if self._own_voice is not None:
            self._own_voice.process(played)
        for span in spans:
            if span.playback != self._playback:
                self._playback = span.playback
                self._events.append(PlaybackChanged(span.begin, span.playback))
            self._set_state(span)
            for heard in self._listener.process(block[span.begin - begin : span.end - begin]):
                endpoints += heard.events
                if heard.detection is not None and not self._is_own(heard.detection):
                    detections.append(heard.detection)
        self._history.append(block)
        self._clock.advance(len(block))
        # Ends first: they belong to what was said before the wake word.
        for event in endpoints:
            self._on_endpoint(event)
        for detection in detections:
            self._on_detection(detection)
        if self._attending is not None:
            waiting = self.state is State.WAITING
            attention = self._attending.process(block, endpoints, waiting=waiting)
            if attention is not None:
                self._on_attention(attention)
        if self._realtime:
            await asyncio.sleep(0)
        else:
            await self._tasks.settle()

    def _is_own(self, detection: Detection) -> bool:
        is_own = self._own_voice is not None and self._own_voice.said(detection)
        self._own_words += is_own
        return is_own

    def _take_events(self) -> list[SessionEvent]:
        events = list(self._events)
        self._events.clear()
        return events

    def _set_state(self, span: Span) -> None:
        """Give the detector the playback that is left in its audio.

        Under "tts" a network rejects what sounds like the device itself. Once the canceller has
        taken the device's voice away, that costs persons; what is left of it, `OwnVoice` drops.
        """
        playback = span.playback
        if self._canceller is not None and self._canceller.converged:
            self._converged_until = span.end + _CONVERGED_SAMPLES
        taken_away = span.begin < self._converged_until and span.pcm is not None
        if playback == "tts" and taken_away and self._own_voice is not None:
            playback = "none"
        state = self._spotter.device_state
        if state.playback != playback:
            self._spotter.device_state = replace(state, playback=playback)

    def _on_detection(self, detection: Detection) -> None:
        self._events.append(WordHeard(self._clock.now, detection))
        self._word = detection
        self._fire(Trigger.WORD if self._verifying is None else Trigger.CANDIDATE)

    def _on_attention(self, attention: Attention) -> None:
        self._events.append(Attended(self._clock.now, attention))
        self._word = attention
        self._fire(Trigger.LOOK)

    def _on_endpoint(self, event: EndpointEvent) -> None:
        # In the other states, speech is not addressed to the device, or is its own.
        if self.state is State.LISTENING and isinstance(event, End):
            if self._transcriber is not None:
                self._transcript = self._transcriber.transcript(event.sample)
            self._fire(Trigger.UTTERANCE, self._request(event))
        elif self.state is State.LISTENING and isinstance(event, NoSpeech):
            if self._first is None:
                self._fire(Trigger.NO_SPEECH)
            else:  # the question got no answer: the first part is all there is
                self._fire(Trigger.UTTERANCE, replace(self._first, first=self._first))
        elif self.state is State.THINKING and isinstance(event, Resumed):
            self._fire(Trigger.RESUMED)

    def _request(self, end: End) -> SpokenRequest:
        assert self._word is not None
        begin, pcm = self._history.cut(self._listen_from, end.sample + _TAIL_SAMPLES)
        return SpokenRequest(
            pcm,
            begin,
            begin + len(pcm),
            end.reason,
            self._word,
            first=self._first,
            speech_end_sample=end.sample,
        )

    def _keep(self, request: SpokenRequest) -> None:
        self._first = request

    def _fire(self, trigger: Trigger, request: SpokenRequest | None = None) -> None:
        before = self._machine.state
        row = self._machine.fire(trigger)
        if request is not None and request.text is None:
            self._events.append(UtteranceHeard(self._clock.now, request))
        self._events.append(StateChanged(self._clock.now, trigger, before, row.target))
        for action in row.actions:
            self._act(action, request)
        self._hold_audio()

    def _hold_audio(self) -> None:
        """Keep the audio after the wake word until the request is answered."""
        if self.state is State.WAITING:
            self._first = None
        held = self.state in (State.LISTENING, State.THINKING)
        self._history.hold(self._listen_from if held else None)

    def _act(self, action: Action, request: SpokenRequest | None) -> None:
        mixer = self._loudspeaker.mixer
        if action is Action.VERIFY:
            assert self._verifying is not None
            assert isinstance(self._word, Detection)
            self._tasks.start("verify", partial(self._verifying.verify, self._word))
        elif action is Action.LISTEN:
            assert self._word is not None
            self._first = None
            self._listen(self._word.word_end_sample)
        elif action is Action.LISTEN_AGAIN:
            self._listen(self._clock.now)
        elif action is Action.ANSWER:
            assert request is not None
            transcript, self._transcript = self._transcript, None
            self._tasks.start("answer", partial(self._answering.answer, request, transcript))
        elif action is Action.STOP_ANSWER:
            self._stop_answer()
        elif action is Action.HOLD:
            mixer.hold("tts", True)
        elif action is Action.RELEASE:
            mixer.hold("tts", False)
        elif action is Action.STOP_ALL:
            self._tasks.cancel("verify")
            self._stop_answer()
            for kind in KINDS:
                mixer.stop(kind)

    def _listen(self, after: int) -> None:
        self._listen_from = max(after, self._clock.now - _LOOK_BACK_SAMPLES)
        word = self._word
        known = isinstance(word, Detection) and word.end_sample == self._listen_from
        start = word if known and isinstance(word, Detection) else self._listen_from
        for event in self._listener.start(start):
            self._on_endpoint(event)

    def _stop_answer(self) -> None:
        self._tasks.cancel("answer")
        self._answering.stop()


def _played_pcm(spans: Sequence[Span]) -> PcmBlock:
    samples = [np.zeros(s.end - s.begin, np.int16) if s.pcm is None else s.pcm for s in spans]
    return np.concatenate(samples) if samples else np.zeros(0, np.int16)
