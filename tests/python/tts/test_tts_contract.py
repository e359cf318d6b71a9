"""What holds for every text-to-speech back end alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("httpx", reason="needs the extra 'http'")
pytest.importorskip("wyoming.client", reason="needs the extra 'wyoming'")

from helpers.speech_servers import (
    RATE_HZ,
    OpenAIService,
    PiperService,
    ProgramService,
    WyomingService,
    samples,
)

from pywakeword import (
    ServiceRefusedError,
    ServiceTimeoutError,
    ServiceTruncatedError,
    ServiceUnavailableError,
)
from pywakeword.tts import (
    EspeakBackend,
    OpenAIBackend,
    PiperBackend,
    Prosody,
    TtsClient,
    WyomingBackend,
)

SHORT_S, LONG_S = 1.0, 30.0
CLOSED_PORT = 9  # "discard"; nobody serves it


def make_service(kind: str, directory: Path):
    if kind == "openai":
        return OpenAIService()
    if kind == "piper":
        return PiperService()
    if kind == "program":
        return ProgramService(directory)
    return WyomingService(streams=kind == "wyoming streaming")


def make_backend(kind: str, service: Any, timeout_s: float = LONG_S):
    port = getattr(service, "port", CLOSED_PORT)
    if kind == "openai":
        return OpenAIBackend(
            f"http://127.0.0.1:{port}/v1", pcm_rate_hz=RATE_HZ, timeout_s=timeout_s
        )
    if kind == "piper":
        return PiperBackend(f"http://127.0.0.1:{port}", timeout_s=timeout_s)
    if kind == "program":
        return EspeakBackend(program=str(service.program), timeout_s=timeout_s)
    return WyomingBackend(f"tcp://127.0.0.1:{port}", timeout_s=timeout_s)


KINDS = ("wyoming", "wyoming streaming", "openai", "piper", "program")
every_backend = pytest.mark.parametrize("kind", KINDS)


@asynccontextmanager
async def speaking(kind: str, directory: Path, timeout_s: float = LONG_S):
    async with make_service(kind, directory) as service:
        backend = make_backend(kind, service, timeout_s)
        async with TtsClient(backend) as client:
            yield service, client


async def gather_into(heard: list, chunks: AsyncIterator) -> None:
    async for chunk in chunks:
        heard.append(chunk)


async def collect(chunks: AsyncIterator) -> np.ndarray:
    parts = [chunk.pcm async for chunk in chunks]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


@every_backend
def test_all_of_the_audio_arrives(kind: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with speaking(kind, tmp_path) as (service, client):
            chunks = [chunk async for chunk in client.synthesize("Good morning.")]
            assert {chunk.sample_rate_hz for chunk in chunks} == {RATE_HZ}
            assert all(len(chunk.pcm) and chunk.pcm.dtype == np.int16 for chunk in chunks)
            spoken = np.concatenate([chunk.pcm for chunk in chunks])
            np.testing.assert_array_equal(spoken, samples("Good morning."))
            assert service.texts == ["Good morning."]

    asyncio.run(run())


@every_backend
@pytest.mark.parametrize(
    ("text", "error", "some_audio"),
    [
        ("REFUSE this", ServiceRefusedError, False),
        ("HANG before", ServiceTimeoutError, False),
        ("STALL in the middle", ServiceTimeoutError, True),
        ("BREAK off in the middle", ServiceTruncatedError, True),
    ],
)
def test_failures(kind: str, text: str, error: type, some_audio: bool, tmp_path: Path) -> None:
    async def run() -> None:
        timeout_s = SHORT_S if error is ServiceTimeoutError else LONG_S
        async with speaking(kind, tmp_path, timeout_s) as (_, client):
            ways = (client.synthesize(text), client.stream([text]))
            await asyncio.gather(*(fails(chunks) for chunks in ways))
        async with speaking(kind, tmp_path) as (_, client):
            with pytest.raises(ServiceRefusedError):
                await collect(client.synthesize("REFUSE this"))
            # The client goes on as if nothing had been.
            assert len(await collect(client.synthesize("ok"))) == 1600

    async def fails(chunks: AsyncIterator) -> None:
        heard = []
        with pytest.raises(error) as caught:
            await gather_into(heard, chunks)
        assert type(caught.value) is error
        assert bool(heard) == some_audio
        if error is ServiceRefusedError:
            assert "no such voice" in str(caught.value)

    asyncio.run(run())


@every_backend
def test_nobody_there(kind: str, tmp_path: Path) -> None:
    async def run() -> None:
        if kind == "program":
            with pytest.raises(ServiceUnavailableError, match="apt install espeak-ng"):
                EspeakBackend(program="no-such-espeak")
            return
        async with TtsClient(make_backend(kind, None)) as client:
            with pytest.raises(ServiceUnavailableError, match=f"127.0.0.1:{CLOSED_PORT}"):
                await collect(client.synthesize("hello"))

    asyncio.run(run())


@every_backend
@pytest.mark.parametrize("text", ["LONG story", "HANG before", "STALL in the middle"])
def test_cancel(kind: str, text: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with speaking(kind, tmp_path) as (service, client):
            heard = []

            for streamed in (False, True):
                n_texts = len(service.texts)
                synthesis = client.stream([text]) if streamed else client.synthesize(text)
                listener = asyncio.ensure_future(gather_into(heard, synthesis))
                deadline = time.monotonic() + LONG_S
                while not (len(service.texts) > n_texts and (heard or "HANG" in text)):
                    assert time.monotonic() < deadline
                    await asyncio.sleep(0.01)
                cancelled = time.perf_counter()
                client.cancel()
                n_heard = len(heard)
                await listener
                assert time.perf_counter() - cancelled < 0.2  # some 5 ms on a machine at rest
                assert len(heard) == n_heard
                assert synthesis.cancelled
                # Its connection or process is gone as well.
                await asyncio.wait_for(service.released.wait(), 5)
                if hasattr(service.released, "clear"):
                    service.released.clear()
                heard.clear()
            assert len(await collect(client.synthesize("ok"))) == 1600

    asyncio.run(run())


@every_backend
def test_an_abandoned_answer_is_released(kind: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with speaking(kind, tmp_path) as (service, client):
            async for _ in client.synthesize("LONG story"):
                break
            await client.aclose()
            await asyncio.wait_for(service.released.wait(), 5)

    asyncio.run(run())


@every_backend
def test_speech_begins_while_the_text_arrives(kind: str, tmp_path: Path) -> None:
    async def run() -> None:
        first_heard = asyncio.Event()

        async def text() -> AsyncIterator[str]:
            for piece in ("One is said. ", "Two "):
                yield piece
            await asyncio.wait_for(first_heard.wait(), LONG_S)
            yield "comes later."

        async with speaking(kind, tmp_path) as (service, client):
            n_samples = 0
            async for chunk in client.stream(text()):
                n_samples += len(chunk.pcm)
                first_heard.set()
            said = "".join(service.texts).replace(" ", "")
            assert said == "Oneissaid.Twocomeslater."
            assert n_samples == sum(len(samples(text)) for text in service.texts)

    asyncio.run(run())


@every_backend
def test_a_text_that_fails(kind: str, tmp_path: Path) -> None:
    async def text() -> AsyncIterator[str]:
        yield "One is said. "
        yield "And "
        raise LookupError("the model is gone")

    async def run() -> None:
        async with speaking(kind, tmp_path) as (_, client):
            with pytest.raises(LookupError, match="the model is gone"):
                await collect(client.stream(text()))

    asyncio.run(run())


@every_backend
def test_no_text_at_all(kind: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with speaking(kind, tmp_path) as (_, client):
            with pytest.raises(ValueError, match="nothing to say"):
                client.synthesize("  \n")
            assert len(await collect(client.stream([]))) == 0

    asyncio.run(run())


@every_backend
def test_one_rate_and_volume(kind: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with make_service(kind, tmp_path) as service:
            backend = make_backend(kind, service)
            async with TtsClient(backend, sample_rate_hz=8000) as client:
                spoken = await collect(client.synthesize("Good morning."))
                assert abs(len(spoken) - len(samples("Good morning.")) // 2) <= 2
            async with TtsClient(make_backend(kind, service)) as client:
                quiet = await collect(client.synthesize("Hi", prosody=Prosody(volume=0.5)))
                np.testing.assert_array_equal(quiet, np.rint(samples("Hi") / 2).astype(np.int16))

    asyncio.run(run())


@every_backend
def test_two_at_once(kind: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with speaking(kind, tmp_path) as (_, client):
            first, second = await asyncio.gather(
                collect(client.synthesize("Good morning.")), collect(client.synthesize("Hello"))
            )
            assert len(first) == len(samples("Good morning."))
            assert len(second) == len(samples("Hello"))

    asyncio.run(run())


@every_backend
def test_a_cancelled_listener_releases_the_back_end(kind: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with speaking(kind, tmp_path) as (service, client):
            listener = asyncio.ensure_future(collect(client.synthesize("LONG story")))
            while not service.texts:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            listener.cancel()
            with pytest.raises(asyncio.CancelledError):
                await listener
            await asyncio.wait_for(service.released.wait(), 5)

    asyncio.run(run())
