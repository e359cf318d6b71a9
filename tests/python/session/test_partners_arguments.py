"""Wrong arguments of the session, of speech and of the verifier's client."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

pytest.importorskip("hypothesis", reason="fuzzing needs hypothesis")
pytest.importorskip("httpx", reason="needs the extra 'verifier'")

from helpers.wrong_arguments import (
    BAD_INTEGERS,
    BAD_NUMBERS,
    NO_CALLS,
    NO_NAMES,
    NO_OPTIONAL_NAMES,
    NO_OPTIONS,
    NO_SWITCHES,
    NO_TYPES,
    Call,
    refuses,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from pywakeword import ArraySource, WakeWord, voices
from pywakeword.session import PlaybackMixer, SampleClock, VoiceSession
from pywakeword.tts import (
    Director,
    EndpointTagger,
    EspeakBackend,
    FliteBackend,
    LocalTagger,
    OpenAIBackend,
    PiperBackend,
    Prosody,
    TtsClient,
    Voice,
    WyomingBackend,
    make_backend,
)
from pywakeword.verifier import (
    AsyncVerifier,
    CircuitBreaker,
    OnnxScorer,
    Verifier,
    VerifierPolicy,
)

quick = settings(max_examples=20, deadline=None, derandomize=True)
SPOTTER = WakeWord("alexa")
SOURCE = ArraySource(np.zeros(1600, np.int16))
CLIENT = TtsClient(OpenAIBackend("http://127.0.0.1:9"))
MIXER = PlaybackMixer()


def session(**options: Any) -> VoiceSession:
    return VoiceSession(SOURCE, SPOTTER, **options)


def verifier(**options: Any) -> AsyncVerifier:
    return AsyncVerifier(**{"url": "http://127.0.0.1:9", "thresholds": {}, **options})


def ask(bad: Any) -> None:
    asyncio.run(verifier().verify(bad))


NUMBERS: list[tuple[str, Call]] = [
    ("block_ms", lambda bad: session(block_ms=bad)),
    ("seconds", lambda bad: asyncio.run(SampleClock().sleep(bad))),
    *(
        (name, lambda bad, name=name: Prosody(**{name: bad}))
        for name in ("rate", "pitch", "volume")
    ),
    ("timeout_s", lambda bad: OpenAIBackend("http://127.0.0.1:9", timeout_s=bad)),
    ("timeout_s", lambda bad: WyomingBackend("tcp://127.0.0.1:9", timeout_s=bad)),
    *(
        (name, lambda bad, name=name: VerifierPolicy(**{name: bad}))
        for name in ("ask_from", "ask_below", "deadline_s", "connect_timeout_s")
    ),
    ("offline_threshold", lambda bad: VerifierPolicy(offline_threshold=bad)),
    *(
        (name, lambda bad, name=name: CircuitBreaker(**{name: bad}))
        for name in ("window_s", "open_s")
    ),
    ("threshold", lambda bad: verifier(thresholds={"alexa": bad})),
    ("deadline_s", lambda bad: Director(deadline_s=bad)),
    ("timeout_s", lambda bad: EndpointTagger("http://127.0.0.1:9", "model", timeout_s=bad)),
]
OTHERS: list[tuple[str, Call, Any]] = [
    ("source", lambda bad: VoiceSession(bad, SPOTTER), st.none() | st.integers() | st.floats()),
    ("spotter", lambda bad: VoiceSession(SOURCE, bad), NO_TYPES),
    ("answer", lambda bad: session(answer=bad), NO_CALLS),
    *(
        (name, lambda bad, name=name: session(**{name: bad}), NO_OPTIONS)
        for name in (
            *("tts", "prosody", "speech_to_text", "verifier", "endpointer", "loudspeaker"),
            *("transcriber", "truncation", "speech_to_speech", "mirror"),
        )
    ),
    *(
        (name, lambda bad, name=name: session(**{name: bad}), NO_SWITCHES)
        for name in ("echo_canceller", "own_voice")
    ),
    ("voice", lambda bad: session(voice=bad), NO_OPTIONAL_NAMES),
    ("realtime", lambda bad: session(realtime=bad), NO_SWITCHES),
    ("without_verdict", lambda bad: session(without_verdict=bad), NO_TYPES),
    *(
        ("playback", call, NO_TYPES)
        for call in (MIXER.stop, MIXER.declare, MIXER.n_queued, lambda bad: MIXER.hold(bad, True))
    ),
    ("playback", lambda bad: MIXER.play(bad, np.zeros(1, np.int16)), NO_TYPES),
    ("pcm", lambda bad: MIXER.play("music", bad), st.none() | st.integers() | st.text(max_size=4)),
    ("backend", TtsClient, NO_OPTIONS),
    ("sample_rate_hz", lambda bad: TtsClient(CLIENT.backend, sample_rate_hz=bad), BAD_INTEGERS),
    ("text", CLIENT.synthesize, NO_NAMES),
    ("text", CLIENT.stream, st.none() | st.integers() | st.text(max_size=4)),
    ("voice", lambda bad: CLIENT.synthesize("a", bad), NO_OPTIONAL_NAMES),
    ("voice", lambda bad: CLIENT.stream(["a"], bad), NO_OPTIONAL_NAMES),
    ("prosody", lambda bad: CLIENT.synthesize("a", None, bad), NO_OPTIONS),
    *(
        (name, lambda bad, name=name: Voice(**{name: bad}), NO_OPTIONAL_NAMES)
        for name in ("name", "language", "speaker")
    ),
    ("backend", make_backend, NO_TYPES),
    ("url", lambda bad: make_backend("openai", bad), NO_OPTIONAL_NAMES),
    ("url", OpenAIBackend, NO_NAMES),
    ("url", lambda bad: verifier(url=bad), NO_NAMES),
    ("thresholds", lambda bad: verifier(thresholds=bad), st.none() | st.integers() | st.text()),
    ("policy", lambda bad: verifier(policy=bad), NO_OPTIONS),
    ("breaker", lambda bad: verifier(breaker=bad), NO_OPTIONS),
    ("token", lambda bad: verifier(token=bad), NO_CALLS),
    ("client_cert", lambda bad: verifier(client_cert=bad), NO_OPTIONS),
    ("ca_file", lambda bad: verifier(ca_file=bad), NO_OPTIONAL_NAMES),
    ("sent_log", lambda bad: verifier(sent_log=bad), NO_OPTIONAL_NAMES),
    ("encoding", lambda bad: verifier(encoding=bad), NO_TYPES),
    ("max_pending", lambda bad: verifier(max_pending=bad), BAD_INTEGERS),
    ("offline", lambda bad: VerifierPolicy(offline=bad), NO_TYPES),
    ("failures", lambda bad: CircuitBreaker(failures=bad), BAD_INTEGERS),
    ("clock", lambda bad: CircuitBreaker(clock=bad), NO_CALLS),
    ("detection", ask, NO_TYPES),
    ("url", PiperBackend, NO_TYPES),
    ("uri", WyomingBackend, NO_TYPES),
    ("program", lambda bad: EspeakBackend(program=bad), NO_NAMES),
    ("program", lambda bad: FliteBackend(program=bad), NO_NAMES),
    *(
        (name, lambda bad, name=name: OpenAIBackend("http://127.0.0.1:9", **{name: bad}), NO_NAMES)
        for name in ("model", "default_voice")
    ),
    *(
        (
            name,
            lambda bad, name=name: OpenAIBackend("http://127.0.0.1:9", **{name: bad}),
            NO_OPTIONAL_NAMES,
        )
        for name in ("api_key", "instructions")
    ),
    ("pcm_rate_hz", lambda bad: OpenAIBackend("http://127.0.0.1:9", pcm_rate_hz=bad), BAD_INTEGERS),
    ("tagger", Director, NO_CALLS),
    ("url", lambda bad: EndpointTagger(bad, "model"), NO_TYPES),
    ("model", lambda bad: EndpointTagger("http://127.0.0.1:9", bad), NO_NAMES),
    ("model", LocalTagger, NO_NAMES),
    ("threads", lambda bad: LocalTagger("model", threads=bad), BAD_INTEGERS),
    ("models", OnnxScorer, NO_OPTIONAL_NAMES),
    ("threads", lambda bad: OnnxScorer(threads=bad), BAD_INTEGERS | st.just(10**400)),
    ("failures", lambda bad: CircuitBreaker(failures=bad), st.just(10**400)),
    ("name", voices.entry, NO_NAMES),
    ("name", voices.open_voice, NO_NAMES),
    ("entry", voices.register, NO_TYPES),
    ("voice", lambda bad: voices.is_held_out(bad, "joe"), NO_NAMES),
    ("speaker", lambda bad: voices.is_held_out("piper", bad), NO_NAMES),
]


@pytest.mark.parametrize(("name", "call"), NUMBERS)
@quick
@given(bad=BAD_NUMBERS)
def test_numbers(name: str, call: Call, bad: object) -> None:
    refuses(call, name, bad)


@pytest.mark.parametrize(("name", "call", "values"), OTHERS)
@quick
@given(data=st.data())
def test_other_arguments(name: str, call: Call, values: Any, data: Any) -> None:
    refuses(call, name, data.draw(values))


def test_the_client_with_a_thread() -> None:
    with pytest.raises(TypeError, match="max_pending"):
        Verifier("http://127.0.0.1:9", thresholds={}, max_pending="8")
    client = Verifier("http://127.0.0.1:9", thresholds={})
    with client, pytest.raises(TypeError, match="detection"):
        client.verify("alexa")
