"""Wrong arguments of the Wyoming services and clients."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("hypothesis", reason="fuzzing needs hypothesis")
pytest.importorskip("wyoming", reason="needs the extra 'wyoming'")
pytest.importorskip("websockets", reason="needs the extra 'realtime'")

from helpers.wrong_arguments import (
    BAD_NUMBERS,
    NO_CALLS,
    NO_OPTIONAL_NAMES,
    NO_OPTIONS,
    NO_TYPES,
    Call,
    refuses,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pywakeword import WakeWord
from pywakeword.speech_to_speech import RealtimeClient
from pywakeword.tts import EspeakBackend, TtsClient
from pywakeword.wyoming import SpeechOffer, WakeService, WyomingSpeechToText

quick = settings(max_examples=20, deadline=None, derandomize=True)
URI = "tcp://127.0.0.1:10300"
SPOTTER = WakeWord("alexa")


def service(**options: Any) -> WakeService:
    return WakeService(lambda: SPOTTER, "tcp://127.0.0.1:0", **options)


CASES: list[tuple[str, Call, Any]] = [
    ("make_spotter", WakeService, NO_CALLS),
    ("uri", lambda bad: WakeService(lambda: SPOTTER, bad), NO_TYPES),
    ("make_endpointer", lambda bad: service(make_endpointer=bad), NO_CALLS),
    ("speech", lambda bad: service(speech=bad), NO_OPTIONS),
    ("idle_timeout_s", lambda bad: service(idle_timeout_s=bad), BAD_NUMBERS),
    ("client", SpeechOffer, NO_TYPES),
    ("voice", lambda bad: SpeechOffer(TtsClient(EspeakBackend()), bad), NO_OPTIONS),
    ("prosody", lambda bad: SpeechOffer(TtsClient(EspeakBackend()), None, bad), NO_OPTIONS),
    ("uri", WyomingSpeechToText, NO_TYPES),
    ("language", lambda bad: WyomingSpeechToText(URI, language=bad), NO_OPTIONAL_NAMES),
    ("model", lambda bad: WyomingSpeechToText(URI, model=bad), NO_OPTIONAL_NAMES),
    ("timeout_s", lambda bad: WyomingSpeechToText(URI, timeout_s=bad), BAD_NUMBERS),
    ("url", RealtimeClient, NO_TYPES),
    *(
        (name, lambda bad, name=name: RealtimeClient("ws://x", **{name: bad}), NO_OPTIONAL_NAMES)
        for name in ("api_key", "instructions", "voice")
    ),
    ("tools", lambda bad: RealtimeClient("ws://x", tools=bad), st.integers() | st.text()),
    ("timeout_s", lambda bad: RealtimeClient("ws://x", timeout_s=bad), BAD_NUMBERS),
]


@pytest.mark.parametrize(("name", "call", "values"), CASES)
@quick
@given(data=st.data())
def test_arguments(name: str, call: Call, values: Any, data: Any) -> None:
    refuses(call, name, data.draw(values))
