"""Natural voices as back ends: by a stand-in engine, so that nothing needs to be installed."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soxr", reason="needs the extra 'audio'")

from pywakeword import ServiceRefusedError, ServiceUnavailableError
from pywakeword.tts import (
    EspeakBackend,
    HibariBackend,
    KokoroBackend,
    Prosody,
    TtsClient,
    Voice,
    VoiceBackend,
    best_backend,
)
from pywakeword.tts.backends import best
from pywakeword.tts.text.clauses import LONGEST_CLAUSE, clauses, split_clauses
from pywakeword.voices import VoiceFailedError

RATE_HZ = 24_000


class Tone:
    """0.2 s of 200 Hz per word, between 0.3 s of silence; "stall" computes until it is stopped."""

    name = "tone"
    sample_rate = RATE_HZ
    speakers = ("low", "high")
    languages = ("en-us",)

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None, float]] = []
        self.stalls, self.stopped = threading.Event(), threading.Event()

    def synthesize(self, text, speaker=None, *, speed=1.0, seed=0, language=None):
        self.calls.append((text, speaker, speed))
        if speaker == "nobody":
            raise ValueError("tone has no speaker 'nobody'")
        if "stall" in text:
            self.stalls.set()
            self.stopped.wait(30)
            raise VoiceFailedError("stopped")
        n_samples = round(0.2 * len(text.split()) / speed * RATE_HZ)
        tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(n_samples) / RATE_HZ)
        quiet = np.zeros(round(0.3 * RATE_HZ))
        return np.concatenate([quiet, tone, quiet]).astype(np.float32)

    def stop(self) -> None:
        self.stopped.set()


def say(text, engine=None, voice=None, **prosody) -> np.ndarray:
    async def run() -> np.ndarray:
        async with TtsClient(VoiceBackend(engine or Tone())) as client:
            chunks = [c async for c in client.synthesize(text, voice, Prosody(**prosody))]
            assert all(len(c.pcm) <= RATE_HZ // 10 for c in chunks)
            assert {c.sample_rate_hz for c in chunks} == {RATE_HZ}
            return np.concatenate([c.pcm for c in chunks])

    return asyncio.run(run())


def test_clauses() -> None:
    assert split_clauses("The kettle is on, and the tea is ready.") == [
        "The kettle is on,",
        "and the tea is ready.",
    ]
    assert split_clauses("Yes, please, eggs, milk.") == ["Yes, please, eggs, milk."]
    assert split_clauses("It costs 1,000 euros a year") == ["It costs 1,000 euros a year"]
    long = split_clauses("word " * 200)
    assert " ".join(long) == " ".join(["word"] * 200)
    assert max(map(len, long)) <= LONGEST_CLAUSE


def test_a_clause_is_spoken_while_its_sentence_is_written() -> None:
    engine = Tone()
    waits = asyncio.Event()

    async def written():
        for word in ["The", "kettle", "is", "on,", "and", "the", "tea"]:
            yield word + " "
        await waits.wait()
        yield "is ready."

    async def run() -> None:
        async with TtsClient(VoiceBackend(engine)) as client:
            async for _ in client.stream(written()):
                if not waits.is_set():
                    assert [call[0] for call in engine.calls] == ["The kettle is on,"]
                    waits.set()

    asyncio.run(run())
    assert [call[0] for call in engine.calls] == ["The kettle is on,", "and the tea is ready."]


def test_no_word_is_lost_or_doubled_however_the_text_is_cut() -> None:
    text = "The kettle is on, and so is the oven, and so on; then 1,000. Is it? Yes - it is on."

    async def pieces(size):
        for begin in range(0, len(text), size):
            yield text[begin : begin + size]

    async def collect(size):
        return [clause async for clause in clauses(pieces(size))]

    for size in (1, 2, 7, 30, 1000):
        found = asyncio.run(collect(size))
        assert " ".join(found).split() == text.split(), size
        assert found == asyncio.run(collect(len(text))), size


def test_length_pauses_rate_and_pitch() -> None:
    plain = len(say("one two three four five")) / RATE_HZ
    assert plain == pytest.approx(5 * 0.2 + 0.08 + 0.05, abs=0.01)  # edges 40 ms, pause 50 ms
    assert len(say("one two three.")) - len(say("one two three")) == round(0.25 * RATE_HZ)
    faster = len(say("one two three four five", rate=2)) / RATE_HZ
    assert faster == pytest.approx(0.5 + 0.08 + 0.025, abs=0.01)
    engine = Tone()
    higher = say("one two three four five", engine, pitch=1.25)
    assert engine.calls[-1][2] == pytest.approx(0.8)
    assert len(higher) / RATE_HZ == pytest.approx(plain, abs=0.03)
    spectrum = np.abs(np.fft.rfft(higher.astype(float)))
    assert np.argmax(spectrum) * RATE_HZ / len(higher) == pytest.approx(250, abs=2)


def test_what_the_engine_refuses() -> None:
    with pytest.raises(ServiceRefusedError, match="no speaker 'nobody'"):
        say("hello", voice="nobody")
    with pytest.raises(ServiceRefusedError, match=r"0\.5 to 2 times"):
        say("hello", rate=4)
    with pytest.raises(ServiceRefusedError, match="give --voice"):
        say("hello", voice=Voice("low", speaker="x"))


def test_cancel_stops_the_engine_within_50_ms() -> None:
    engine = Tone()

    async def run() -> float:
        async with TtsClient(VoiceBackend(engine)) as client:
            synthesis = client.synthesize("One two three, and stall for ever.")
            async for _ in synthesis:
                break
            await asyncio.to_thread(engine.stalls.wait, 30)
            begin = time.process_time()
            await synthesis.aclose()
            return time.process_time() - begin

    assert asyncio.run(run()) < 0.05
    assert engine.stopped.wait(1)


@pytest.mark.parametrize("backend", [KokoroBackend, HibariBackend])
def test_not_installed(backend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYWAKEWORD_VOICES", str(tmp_path))
    with pytest.raises(ServiceUnavailableError, match=f"voices --install {backend.name}"):
        backend()


def test_the_best_that_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYWAKEWORD_VOICES", str(tmp_path))
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isinstance(best_backend(), EspeakBackend)
    program.unlink()
    with pytest.raises(ServiceUnavailableError, match=r"pywakeword\[hibari\].*apt install"):
        best_backend()
    # Whatever is installed and first in the order is taken.
    monkeypatch.setattr(best, "_BEST_FIRST", (HibariBackend, lambda: VoiceBackend(Tone())))
    assert best_backend().name == "voice"
