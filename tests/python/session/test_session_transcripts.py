"""A session with a recogniser on the device, and questions about incomplete requests."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from helpers.recogniser_fakes import Gated, Returning, Saying
from helpers.sounds import floor, request, spoken
from helpers.speech_servers import SpeechToTextService

from pywakeword import (
    ArraySource,
    FrameRepair,
    RecogniserTimeoutError,
    TranscribingSource,
    TruncationCheck,
    WakeWord,
)
from pywakeword.session import (
    Asked,
    Failed,
    StateChanged,
    Transcribed,
    UtteranceHeard,
    VoiceSession,
)
from pywakeword.tts import Backend, TtsClient
from pywakeword.tts.speech import AudioChunk
from pywakeword.wyoming.speech_to_text import WyomingSpeechToText

ONE = np.concatenate([spoken("computer"), floor(4)])
TWO = np.concatenate([ONE, floor(1), request(), floor(4)])


class Beep(Backend):
    """One second of tone, which says what was to be said."""

    name = "beep"

    def __init__(self) -> None:
        self.said: list[str] = []

    async def speak(self, text, voice, prosody):
        self.said.append(text)
        yield AudioChunk(np.full(16000, 1000, np.int16), 16000)


def run(pcm: np.ndarray, recogniser, *, ask: bool = False, tts: bool = True, **options):
    texts: list[str | None] = []
    beep = Beep()

    async def answer(said):
        texts.append(said.text)
        return "done"

    async def go() -> list:
        async with TtsClient(beep) as client:
            session = VoiceSession(
                ArraySource(pcm),
                WakeWord("computer"),
                answer,
                tts=client if tts else None,
                transcriber=TranscribingSource(recogniser, realtime=False, **options),
                truncation=TruncationCheck((), FrameRepair()) if ask else None,
            )
            return [event async for event in session]

    return asyncio.run(go()), texts, beep.said


def triggers(events: list) -> list[str]:
    return [event.trigger.value for event in events if isinstance(event, StateChanged)]


def test_the_application_gets_the_transcript() -> None:
    events, texts, said = run(ONE, Saying("Turn on the light."))
    (transcribed,) = [event for event in events if isinstance(event, Transcribed)]
    assert transcribed.text == "Turn on the light."
    assert transcribed.transcript.hypotheses[0].n_tokens == 3
    assert texts == ["Turn on the light."]
    assert said == ["done"]


def test_it_asks_listens_again_and_joins_the_two() -> None:
    events, texts, said = run(TWO, Saying("Set a timer for...", "Ten minutes."), ask=True)
    (asked,) = [event for event in events if isinstance(event, Asked)]
    assert asked.repair.missing_role == "duration"
    assert said == ["For how long?", "done"]
    assert texts == ["Set a timer for ten minutes."]
    heard = [event.utterance for event in events if isinstance(event, UtteranceHeard)]
    assert [part.first is None for part in heard] == [True, False]
    assert heard[1].start_sample > heard[0].end_sample
    assert triggers(events) == [
        *("word", "utterance", "question", "played"),
        *("utterance", "answer", "played", "end of audio"),
    ]


def test_a_question_without_a_voice_and_without_an_answer() -> None:
    events, texts, said = run(ONE, Saying("Play some"), ask=True, tts=False)
    assert [event.repair.question for event in events if isinstance(event, Asked)] == [
        "What should I play?"
    ]
    assert texts == ["Play some"]  # nothing is lost
    assert said == []
    assert len([event for event in events if isinstance(event, UtteranceHeard)]) == 1


def test_it_asks_once() -> None:
    _, texts, said = run(TWO, Saying("Remind me to", "to"), ask=True)
    assert said == ["What should I remind you of?", "done"]
    assert texts == ["Remind me to"]


def test_who_goes_on_in_time_is_not_asked() -> None:
    pcm = np.concatenate([spoken("computer"), floor(0.9), request(), floor(4)])
    _, texts, said = run(pcm, Saying("Set a timer for", "Set a timer for one hour."), ask=True)
    assert texts == ["Set a timer for one hour."]
    assert said == ["done"]


def test_a_recogniser_that_hangs_is_a_failure_of_one_request() -> None:
    hanging = Gated("too late")
    events, texts, _ = run(ONE, hanging, timeout_s=0.2)
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.stage == "speech to text"
    assert isinstance(failed.error, RecogniserTimeoutError)
    assert texts == []
    assert triggers(events)[-2:] == ["failed", "end of audio"]
    hanging.gate.set()
    events, _, _ = run(ONE, Returning(ValueError("broken")))
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert str(failed.error) == "the recogniser failed: ValueError: broken"


def test_a_service_can_be_asked_about_too() -> None:
    pytest.importorskip("wyoming", reason="the wyoming extra is not installed")

    async def go() -> list:
        async with SpeechToTextService() as service:
            service.says = "add to my list"
            session = VoiceSession(
                ArraySource(ONE),
                WakeWord("computer"),
                speech_to_text=WyomingSpeechToText(f"tcp://127.0.0.1:{service.port}"),
                truncation=TruncationCheck((), FrameRepair()),
            )
            return [event async for event in session]

    asked = [event for event in asyncio.run(go()) if isinstance(event, Asked)]
    assert [event.repair.question for event in asked] == ["What should I add?"]


def test_bad_options() -> None:
    spotter, source = WakeWord("computer"), ArraySource(ONE)
    with pytest.raises(ValueError, match="truncation needs"):
        VoiceSession(source, spotter, truncation=TruncationCheck((), FrameRepair()))
    with pytest.raises(ValueError, match="not both"):
        VoiceSession(
            source,
            spotter,
            speech_to_text=WyomingSpeechToText("tcp://localhost:1"),
            transcriber=TranscribingSource(Saying("a")),
        )
