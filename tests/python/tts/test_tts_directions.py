"""Stage directions: who writes them, what they do to a voice, and what is dropped."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
import time
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from pywakeword import ModelNotFoundError, ServiceError
from pywakeword.tts import (
    AudioChunk,
    Backend,
    Director,
    EndpointTagger,
    LocalTagger,
    Prosody,
    Ssml,
    TtsClient,
    sanitize,
)
from pywakeword.tts.directions.grammar import grammar, to_ssml
from pywakeword.tts.directions.perform import segments
from pywakeword.tts.directions.tags import EMOTIONS, PACES
from pywakeword.tts.directions.whisper import whispered

RATE_HZ = 16_000


class Hum(Backend):
    """0.1 s of harmonics per word; rate and pitch do what they say."""

    name = "hum"
    prosody_fields = frozenset({"rate", "pitch"})
    by_segments = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Prosody]] = []

    async def speak(self, text, voice, prosody):
        self.asked.append((text, prosody))
        n_samples = round(0.1 * len(text.split()) / prosody.rate * RATE_HZ)
        t = np.arange(n_samples) / RATE_HZ
        tone = sum(np.sin(2 * np.pi * 150 * prosody.pitch * k * t) / k for k in range(1, 12))
        yield AudioChunk(np.rint(3000 * tone).astype(np.int16), RATE_HZ)


def say(markup: str, backend: Backend | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    async def run():
        async with TtsClient(backend or Hum()) as client:
            synthesis = client.synthesize(sanitize(markup))
            pcm = np.concatenate([chunk.pcm async for chunk in synthesis])
            return pcm, synthesis.dropped

    return asyncio.run(run())


def level(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(pcm.astype(float) ** 2)))


def test_every_tag_does_something() -> None:
    plain, dropped = say("one two three four")
    assert dropped == ()
    changes = {}
    for name in EMOTIONS:
        changes[name] = f'<emotion name="{name}">one two three four</emotion>'
    for name in PACES:
        changes[name] = f'<pace name="{name}">one two three four</pace>'
    changes["emphasis"] = "<emphasis>one two three four</emphasis>"
    changes["prosody"] = '<prosody pitch="+20%">one two three four</prosody>'
    changes["whisper"] = "<whisper>one two three four</whisper>"
    for name, markup in changes.items():
        pcm, dropped = say(markup)
        assert dropped == ()
        assert len(pcm) != len(plain) or abs(pcm - plain.astype(int)).max() > 100, name
    paused, _ = say('one two<break time="500ms"/> three four')
    assert len(paused) - len(plain) == RATE_HZ // 2


def test_the_effects_have_the_right_sign_and_size() -> None:
    plain, _ = say("one two three four")
    fast, _ = say('<pace name="fast">one two three four</pace>')
    assert len(fast) == pytest.approx(len(plain) / 1.25, rel=0.01)
    loud, _ = say('<prosody volume="+6dB">one two three four</prosody>')
    assert level(loud) == pytest.approx(2 * level(plain), rel=0.01)
    backend = Hum()
    say('a <emotion name="sad">b <emphasis level="strong">c</emphasis></emotion> d', backend)
    assert [text for text, _ in backend.asked] == ["a", "b", "c", "d"]
    sad, both = backend.asked[1][1], backend.asked[2][1]
    assert (sad.rate, sad.pitch) == (0.88, 0.93)
    assert both.rate == pytest.approx(0.88 * 0.85)
    assert both.pitch == pytest.approx(0.93 * 1.1)


def test_a_whisper_has_no_pitch_and_is_quieter() -> None:
    plain, _ = say("one two three four five six")
    pcm, _ = say("<whisper>one two three four five six</whisper>")
    assert len(pcm) == len(plain)
    assert level(pcm) == pytest.approx(level(plain) / 2, rel=0.05)

    def periodicity(x: np.ndarray) -> float:
        x = x[2000:4048].astype(float)
        r = np.correlate(x, x, "full")[len(x) - 1 :]
        return float(r[60:300].max() / r[0])

    assert periodicity(plain) > 0.9
    assert periodicity(pcm) < 0.5
    np.testing.assert_array_equal(whispered(plain, RATE_HZ), whispered(plain, RATE_HZ))
    assert not whispered(np.zeros(4000, np.int16), RATE_HZ).any()


def test_what_a_voice_cannot_perform_is_dropped_and_reported() -> None:
    markup = "<emotion name='happy'>ha</emotion> <laugh/> <whisper>quiet</whisper>"
    assert say(markup)[1] == ("laugh",)

    class Monotone(Hum):
        prosody_fields = frozenset()

    assert say('<pace name="fast">a</pace><emotion name="sad">b</emotion>', Monotone())[1] == (
        "pace",
    )

    class Plain(Hum):
        by_segments = False

    backend = Plain()
    assert say(markup, backend)[1] == ("emotion", "laugh", "whisper")
    assert backend.asked == [("ha  quiet", Prosody())]

    class WithSsml(Plain):
        ssml_elements = frozenset({"speak", "prosody"})

    backend = WithSsml()
    assert say(markup, backend)[1] == ("laugh", "whisper")
    assert backend.asked[0][0] == (
        '<speak><prosody rate="106%" pitch="+8%" volume="+0.8dB">ha</prosody>  quiet</speak>'
    )


def test_untrusted_markup_is_text() -> None:
    assert sanitize("<emotion>a</emotion>").startswith("<speak>&lt;emotion&gt;")
    assert "<emotion" not in sanitize('<emotion name="angry">a</emotion>')
    assert [s.text for s in segments(Ssml("<speak>a <audio src='x'/> b</speak>"))] == [
        "a <audio src='x'/> b"
    ]


def accepts(text: str, tagged: str) -> bool:
    """Whether the grammar of `text` produces `tagged`; it has no recursion."""
    rules = dict(line.split(" ::= ") for line in grammar(text).splitlines())

    def pattern(body: str) -> str:
        parts = []
        for token in re.findall(r'"(?:[^"\\]|\\.)*"|\||\w+', body):
            if token.startswith('"'):
                parts.append(re.escape(re.sub(r"\\(.)", r"\1", token[1:-1])))
            else:
                parts.append("|" if token == "|" else f"(?:{pattern(rules[token])})")
        return "".join(parts)

    return re.fullmatch(pattern(rules["root"]), tagged) is not None


def test_the_grammar_permits_the_words_and_the_tags_alone() -> None:
    text = 'He said "no", twice. Is 3 \\ 4?'
    for tagged in (
        text,
        '<sad>He <em>said</em> "no", <pause/> twice.</sad> Is 3 \\ 4?',
        '<whisper>He said "no", twice.</whisper> <happy>Is 3 \\ <em>4?</em></happy>',
    ):
        assert accepts(text, tagged), tagged
        assert Director(to_ssml).direct(text).by == "model"
    for wrong in (
        text + " Yes.",
        text.replace("said", "says"),
        text.replace("twice. ", ""),
        f"<angry>{text}</angry>",
        text.replace("He said", "<em>He</em> <em>said</em>"),
        text.replace("said ", "said <pause/> "),
        "<sad>" + text,
        text.replace(" Is", "  Is"),
        "",
    ):
        assert not accepts(text, wrong), wrong
    assert to_ssml("<sad>a & b</sad> <laugh/> <em>c</em> <x>") == (
        '<speak><emotion name="sad">a &amp; b</emotion> <laugh/> '
        '<emphasis level="moderate">c</emphasis> &lt;x&gt;</speak>'
    )


def test_the_rules_direct_when_the_model_does_not() -> None:
    rules = Director().direct("Is it raining now?")
    assert (rules.by, rules.reason) == ("rules", "")
    assert "prosody" in rules.ssml
    changed = Director(lambda text: text + "!").direct("Is it raining now?")
    assert (changed.ssml, changed.by) == (rules.ssml, "rules")
    assert "changed the words" in changed.reason
    assert Director(to_ssml).direct("a b").by == "model"


def test_the_deadline() -> None:
    release = threading.Event()

    def slow(text: str) -> str:
        release.wait(30)
        return text

    director = Director(slow, deadline_s=0.05)
    late = director.direct("Good morning.")
    assert (late.by, late.reason) == ("rules", "the tagger took longer than 0.05 s")
    assert director.direct("Good night.").reason == "the tagger is still busy"
    release.set()
    assert director._late is not None
    director._late.result(10)
    assert Director(slow, deadline_s=30).direct("Good morning.").by == "model"
    with pytest.raises(ValueError, match="deadline_s must be positive"):
        Director(slow, deadline_s=0)


def test_a_service_directs() -> None:
    httpx = pytest.importorskip("httpx", reason="needs the extra 'http'")
    bodies = []

    def answer(request):
        import json

        bodies.append(json.loads(request.content))
        if len(bodies) > 1:
            return httpx.Response(503, text="overloaded")
        text = "<happy>We <em>won!</em></happy>"
        return httpx.Response(200, json={"choices": [{"message": {"content": text}}]})

    tagger = EndpointTagger("http://127.0.0.1:9/v1", "gemma", transport=httpx.MockTransport(answer))
    direction = Director(tagger).direct("We won!")
    assert direction.by == "model"
    assert direction.ssml == (
        '<speak><emotion name="happy">We <emphasis level="moderate">won!</emphasis></emotion>'
        "</speak>"
    )
    assert bodies[0]["grammar"] == grammar("We won!")
    assert "503" in Director(tagger).direct("We won!").reason
    with pytest.raises(ServiceError, match="503"):
        tagger("We won!")
    with pytest.raises(ValueError, match="http://"):
        EndpointTagger("localhost", "gemma")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        LocalTagger(tmp_path / "none.gguf")


def test_the_process_does_not_end_below_a_late_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    begun = threading.Event()

    class Server:
        def __init__(self, parameters: object) -> None: ...

        def handle_completions(self, request: dict) -> dict:
            begun.set()
            time.sleep(0.2)
            order.append("answered")
            return {"choices": [{"text": "Good morning."}]}

    class Parameters:
        model = types.SimpleNamespace()
        cpuparams = types.SimpleNamespace()
        cpuparams_batch = types.SimpleNamespace()

    llama = types.SimpleNamespace(Server=Server, CommonParams=Parameters)
    monkeypatch.setitem(sys.modules, "xllamacpp", llama)
    at_exit: list[Callable[[], object]] = []
    monkeypatch.setattr(
        "atexit.register", lambda function, **options: at_exit.append(partial(function, **options))
    )
    (tmp_path / "model.gguf").write_bytes(b"")
    tagger = LocalTagger(tmp_path / "model.gguf")
    thread = threading.Thread(target=tagger, args=("Good morning.",))
    thread.start()
    begun.wait(10)
    at_exit[0]()
    order.append("ended")
    thread.join(10)
    assert order == ["answered", "ended"]
