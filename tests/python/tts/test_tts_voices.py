"""The real engines, and what a back end refuses before anything is sent."""

from __future__ import annotations

import asyncio
import sys
import time

import numpy as np
import pytest
from helpers.voices import require_engine

from pywakeword import MissingExtraError, ServiceRefusedError, ServiceUnavailableError
from pywakeword.tts import (
    Director,
    EspeakBackend,
    FliteBackend,
    Prosody,
    Ssml,
    TtsClient,
    Voice,
    embedded_backend,
    make_backend,
)

TEXT = "The quick brown fox jumps over the lazy dog, and what a dog it is."
ENGINES = {"espeak-ng": EspeakBackend, "flite": FliteBackend}
LONG_S = 60.0
every_engine = pytest.mark.parametrize("engine", ENGINES)


def say(engine: str, text: str, voice=None, **prosody: float) -> np.ndarray:
    require_engine(engine)

    async def run() -> np.ndarray:
        async with TtsClient(ENGINES[engine](timeout_s=LONG_S)) as client:
            chunks = [c async for c in client.synthesize(text, voice, Prosody(**prosody))]
            assert {chunk.sample_rate_hz for chunk in chunks} <= {8000, 16000, 22050}
            return np.concatenate([chunk.pcm for chunk in chunks])

    return asyncio.run(run())


def pitch_hz(pcm: np.ndarray, rate_hz: float) -> float:
    """The strongest period between 60 and 400 Hz, by autocorrelation."""
    x = pcm.astype(float) - pcm.mean()
    spectrum = np.abs(np.fft.rfft(x, 2 * len(x))) ** 2
    correlation = np.fft.irfft(spectrum)[: len(x)]
    low, high = round(rate_hz / 400), round(rate_hz / 60)
    return rate_hz / (low + int(np.argmax(correlation[low:high])))


def median_pitch_hz(pcm: np.ndarray, rate_hz: float) -> float:
    """The median over the voiced frames of 60 ms, each by autocorrelation."""
    size = round(0.06 * rate_hz)
    low, high = round(rate_hz / 400), round(rate_hz / 38)
    found = []
    for begin in range(0, len(pcm) - size, size // 4):
        x = pcm[begin : begin + size].astype(float)
        x -= x.mean()
        energy = float(x @ x)
        if energy < size * 400**2:
            continue
        correlation = np.fft.irfft(np.abs(np.fft.rfft(x, 2 * size)) ** 2)[:size]
        # Divided by the overlap, so that long periods are not at a disadvantage.
        correlation[1:] *= size / (size - np.arange(1, size))
        part = correlation[low : min(high, size // 2)] / correlation[0]
        peaks = 1 + np.flatnonzero((part[1:-1] > part[:-2]) & (part[1:-1] >= part[2:]))
        good = peaks[part[peaks] > 0.85 * part.max()] if len(peaks) and part.max() > 0.5 else []
        if len(good):
            found.append(rate_hz / (low + int(good[0])))
    assert len(found) > 10
    return float(np.median(found))


@every_engine
def test_speech_is_speech(engine: str) -> None:
    pcm = say(engine, TEXT)
    assert 2 * 8000 < len(pcm) < 8 * 22050
    assert 1000 < np.abs(pcm).max() <= 32767


@every_engine
def test_rate_pitch_and_volume(engine: str) -> None:
    voice = {"flite": "kal16"}.get(engine)
    normal = say(engine, TEXT, voice)
    assert len(normal) / len(say(engine, TEXT, voice, rate=1.5)) == pytest.approx(1.5, rel=0.2)
    quiet = say(engine, TEXT, voice, volume=0.5)
    assert np.abs(quiet).max() == pytest.approx(np.abs(normal).max() / 2, abs=2)
    rate_hz = 16000 if engine == "flite" else 22050
    assert pitch_hz(say(engine, TEXT, voice, pitch=1.5), rate_hz) > 1.1 * pitch_hz(normal, rate_hz)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.2, 1.5, 2.0])
@pytest.mark.parametrize(
    ("engine", "voice"),
    [("espeak-ng", None), ("espeak-ng", "de"), ("flite", None), ("flite", "slt"), ("flite", "awb")],
)
def test_a_pitch_factor_is_a_factor(engine: str, voice: str | None, factor: float) -> None:
    require_engine(engine)

    async def measure(pitch: float) -> tuple[float, float]:
        async with TtsClient(ENGINES[engine](timeout_s=LONG_S)) as client:
            chunks = [c async for c in client.synthesize(TEXT, voice, Prosody(pitch=pitch))]
        pcm, rate_hz = np.concatenate([c.pcm for c in chunks]), chunks[0].sample_rate_hz
        return median_pitch_hz(pcm, rate_hz), len(pcm) / rate_hz

    normal, changed = asyncio.run(measure(1.0)), asyncio.run(measure(factor))
    assert changed[0] / normal[0] == pytest.approx(factor, rel=0.15)
    assert changed[1] / normal[1] == pytest.approx(1, abs=0.08)


def test_flite_refuses_a_pitch_that_it_would_ignore() -> None:
    with pytest.raises(ServiceRefusedError, match="cannot change the pitch of its voice rms"):
        say("flite", TEXT, "rms", pitch=1.2)


@pytest.mark.parametrize(
    ("text", "voice", "message"),
    [
        ("こんにちは", None, r"cannot say 'こ' \(hiragana letter ko\)"),
        ("hello Привет", None, "cannot say 'П'"),
        ("hola", Voice(language="es"), "speaks English, not 'es'"),
    ],
)
def test_flite_refuses_other_languages(text: str, voice: Voice | None, message: str) -> None:
    with pytest.raises(ServiceRefusedError, match=message):
        say("flite", text, voice)
    assert len(say("flite", "a café, naïve", Voice(language="en-GB"))) > 4000


@every_engine
def test_a_voice_that_does_not_exist(engine: str) -> None:
    with pytest.raises(ServiceRefusedError, match=r"voice"):
        say(engine, TEXT, "xyzzy")


@every_engine
def test_text_is_never_an_option_or_markup(engine: str) -> None:
    assert len(say(engine, "-x --help")) > 4000
    # Read aloud, and so much longer than a break.
    assert len(say(engine, "<break time='1ms'/>")) > 12000


def test_espeak_speaks_languages_and_variants() -> None:
    german = say("espeak-ng", "Guten Morgen", Voice(language="de"))
    english = say("espeak-ng", "Guten Morgen", Voice(language="en"))
    assert not np.array_equal(german, english)
    assert len(say("espeak-ng", "Good morning", Voice("en-gb", speaker="f2")))


def test_espeak_follows_markup_and_flite_performs_it_in_pieces() -> None:
    plain = say("espeak-ng", "One. Two.")
    broken = say("espeak-ng", Ssml('<speak>One.<break time="2s"/> Two.</speak>'))
    assert len(broken) - len(plain) > 1.5 * 22050
    flat = say("flite", "Is it raining now?")
    tagged = say("flite", Director().tag("Is it raining now?"))  # its end is higher
    assert len(flat) < len(tagged) < 2 * len(flat)


def test_espeak_starts_before_it_has_finished() -> None:
    require_engine("espeak-ng")
    text = "And then there is one more sentence to say. " * 400

    async def run() -> None:
        async with TtsClient(EspeakBackend(timeout_s=LONG_S)) as client:
            began = time.perf_counter()
            async for _ in client.synthesize(text):
                first_s = time.perf_counter() - began
                break
            client.cancel()
            whole = client.synthesize(text)
            began = time.perf_counter()
            n_samples = sum([len(chunk.pcm) async for chunk in whole])
            assert n_samples > 400 * 22050
            assert first_s < 0.5 * (time.perf_counter() - began)

    asyncio.run(run())


def test_nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ServiceUnavailableError, match="apt install espeak-ng"):
        embedded_backend()
    with pytest.raises(ServiceUnavailableError, match="apt install espeak-ng"):
        EspeakBackend()
    with pytest.raises(ServiceUnavailableError, match="apt install flite"):
        FliteBackend()
    with pytest.raises(ServiceUnavailableError):
        TtsClient()


@pytest.mark.parametrize(
    ("name", "url", "options", "text"),
    [
        ("festival", None, {}, "backend must be one of"),
        ("flite", "tcp://x:1", {}, "has no address"),
        ("wyoming", None, {}, "needs an address"),
        ("wyoming", "x:1", {}, "tcp://HOST:PORT"),
        ("piper", "127.0.0.1:5000", {}, "http://"),
        ("piper", None, {"api_key": "k"}, "takes no API key"),
        ("openai", None, {"timeout_s": 0}, "timeout_s must be positive"),
    ],
)
def test_bad_back_ends(name: str, url: str | None, options: dict, text: str) -> None:
    pytest.importorskip("httpx", reason="needs the extra 'http'")
    with pytest.raises(ValueError, match=text):
        make_backend(name, url, **options)


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("wyoming", "wyoming", "wyoming"), ("openai", "httpx", "http"), ("piper", "httpx", "http")],
)
def test_a_missing_extra_is_named(
    name: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    url = "tcp://127.0.0.1:1" if name == "wyoming" else "http://127.0.0.1:1"
    with pytest.raises(MissingExtraError, match=rf"pywakeword\[{extra}\]"):
        make_backend(name, url)


def test_prosody_that_a_back_end_cannot_follow() -> None:
    pytest.importorskip("wyoming.client", reason="needs the extra 'wyoming'")
    client = TtsClient(make_backend("wyoming", "tcp://127.0.0.1:1"))
    with pytest.raises(ValueError, match="wyoming cannot change the rate"):
        client.synthesize("hello", prosody=Prosody(rate=2))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_cancelling_does_not_wait_for_what_a_wrapper_script_started(tmp_path) -> None:
    script = tmp_path / "espeak-ng"
    # The sleep is a child of the shell: it keeps the pipes open after the shell is killed.
    script.write_text("#!/bin/sh\ncat > /dev/null\nsleep 20\ntrue\n")
    script.chmod(0o755)

    async def run() -> float:
        async with TtsClient(EspeakBackend(program=str(script))) as client:
            synthesis = client.synthesize(TEXT)
            waiting = asyncio.ensure_future(synthesis.__anext__())
            await asyncio.sleep(0.5)
            begin = time.monotonic()
            await synthesis.aclose()
            with pytest.raises(StopAsyncIteration):
                await waiting
            return time.monotonic() - begin

    assert asyncio.run(run()) < 5
