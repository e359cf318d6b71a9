"""The wake-word service, as the reference client of the protocol meets it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import numpy as np
import pytest

pytest.importorskip("wyoming.client", reason="needs the extra 'wyoming'")

from helpers import sounds
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe, Info
from wyoming.wake import Detect, Detection, NotDetected

from pywakeword import WakeWord
from pywakeword.wyoming import WakeService
from pywakeword.wyoming.address import is_loopback

FORMAT = {"rate": 16000, "width": 2, "channels": 1}


def both_words() -> WakeWord:
    return WakeWord(["alexa", "computer"])


def with_client(work: Callable[[AsyncTcpClient], Awaitable[None]]) -> None:
    async def run() -> None:
        async with WakeService(both_words, "tcp://127.0.0.1:0") as service:
            port = int(service.uri.rpartition(":")[2])
            async with AsyncTcpClient("127.0.0.1", port, read_timeout=10) as client:
                await work(client)

    asyncio.run(run())


async def send_audio(
    client: AsyncTcpClient, pcm: np.ndarray, begin_ms: int = 0, **changes: int
) -> None:
    form = {**FORMAT, **changes}
    await client.write_event(AudioStart(**form, timestamp=begin_ms).event())
    step = form["rate"] // 10 * form["channels"]
    for begin in range(0, len(pcm), step):
        audio = pcm[begin : begin + step].astype("<i2").tobytes()
        at_ms = begin_ms + begin * 1000 // (form["rate"] * form["channels"])
        await client.write_event(AudioChunk(audio=audio, timestamp=at_ms, **form).event())
    await client.write_event(AudioStop().event())


def test_info() -> None:
    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Describe().event())
        info = Info.from_event(await client.read_event())
        (program,) = info.wake
        assert (program.name, program.installed) == ("pywakeword", True)
        assert [(m.name, m.phrase) for m in program.models] == [
            ("alexa", "alexa"),
            ("computer", "computer"),
        ]
        # Home Assistant lists `description or name`.
        assert [(m.description, m.languages) for m in program.models] == [
            ("alexa", ["en"]),
            ("computer", ["en"]),
        ]

    with_client(work)


def test_a_word_is_reported_where_it_ends() -> None:
    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Detect().event())
        await send_audio(client, sounds.spoken("computer"), begin_ms=5000)
        found = Detection.from_event(await client.read_event())
        assert found.name == "computer"
        assert found.timestamp is not None
        assert abs(found.timestamp - 5000 - sounds.COMPUTER[1] * 1000 // sounds.RATE) <= 100

    with_client(work)


def test_the_other_word_is_not_detected() -> None:
    async def work(client: AsyncTcpClient) -> None:
        for word, names, wanted in (
            ("computer", ["alexa"], None),
            ("alexa", ["alexa"], "alexa"),
            ("computer", ["alexa", "computer"], "computer"),
            ("computer", None, "computer"),
        ):
            await client.write_event(Detect(names=names).event())
            await send_audio(client, sounds.spoken(word))
            event = await client.read_event()
            if wanted is None:
                assert NotDetected.is_type(event.type)
            else:
                assert Detection.from_event(event).name == wanted

    with_client(work)


def test_a_word_at_the_very_end() -> None:
    async def work(client: AsyncTcpClient) -> None:
        pcm = sounds.spoken("computer")[: sounds.COMPUTER[1]]
        await send_audio(client, pcm)
        assert Detection.from_event(await client.read_event()).name == "computer"

    with_client(work)


def test_other_formats_are_converted() -> None:
    pytest.importorskip("soxr", reason="needs the extra 'audio'")

    async def work(client: AsyncTcpClient) -> None:
        pcm = sounds.spoken("alexa")
        await send_audio(client, np.repeat(pcm, 2), channels=2)
        assert Detection.from_event(await client.read_event()).name == "alexa"
        await send_audio(client, np.repeat(pcm, 3), rate=48000)
        assert Detection.from_event(await client.read_event()).name == "alexa"

    with_client(work)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Detect(names=["jarvis"]).event(), "no wake word 'jarvis'; there are alexa, computer"),
        (AudioStart(16000, 4, 1).event(), "32 bit"),
        (AudioStart(400, 2, 1).event(), "400 Hz"),
        (AudioChunk(16000, 2, 2, b"123456").event(), "reshape"),
    ],
)
def test_bad_requests_are_answered_and_end_there(event, text: str) -> None:
    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(event)
        answer = await client.read_event()
        assert answer.type == "error"
        assert text in answer.data["text"]
        assert await client.read_event() is None

    with_client(work)


def test_two_clients_do_not_meet() -> None:
    async def run() -> None:
        async with WakeService(both_words, "tcp://127.0.0.1:0") as service:
            port = int(service.uri.rpartition(":")[2])
            async with AsyncTcpClient("127.0.0.1", port, read_timeout=10) as first:
                async with AsyncTcpClient("127.0.0.1", port, read_timeout=10) as second:
                    await asyncio.gather(
                        send_audio(first, sounds.spoken("computer")),
                        send_audio(second, sounds.spoken("alexa")),
                    )
                    assert Detection.from_event(await first.read_event()).name == "computer"
                    assert Detection.from_event(await second.read_event()).name == "alexa"
                # One that goes away leaves the other alone.
                await send_audio(first, sounds.spoken("alexa"))
                assert Detection.from_event(await first.read_event()).name == "alexa"

    asyncio.run(run())


def test_loopback_is_the_default() -> None:
    assert is_loopback("tcp://127.0.0.1:1")
    assert is_loopback("tcp://[::1]:1")
    assert is_loopback("unix:///tmp/x")
    assert not is_loopback("tcp://0.0.0.0:1")
    with pytest.raises(ValueError, match="without password or encryption"):
        WakeService(both_words, "tcp://0.0.0.0:10400")
    WakeService(both_words, "tcp://0.0.0.0:10400", allow_remote=True)
    with pytest.raises(ValueError, match="tcp://HOST:PORT"):
        WakeService(both_words, "http://127.0.0.1:10400")


def test_an_address_that_is_taken() -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            service = WakeService(both_words, f"tcp://127.0.0.1:{taken.getsockname()[1]}")
            with pytest.raises(OSError, match="in use"):
                await service.__aenter__()

    asyncio.run(run())
