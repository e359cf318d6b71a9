"""Peers that attack the wake-word service, and services that attack the client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("wyoming.event", reason="needs the extra 'wyoming'")

from helpers import sounds
from hypothesis import given, settings
from hypothesis import strategies as st
from wyoming.event import async_read_event

from pywakeword import WakeWord
from pywakeword._wyoming import EventLimits, WyomingConnection, read_event
from pywakeword.errors import ServiceRefusedError
from pywakeword.wyoming import WakeService, wake_service

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def serve(work: Callable[[str, int], Awaitable[None]], **options: object) -> None:
    async def run() -> None:
        async with WakeService(lambda: WakeWord("computer"), "tcp://127.0.0.1:0", **options) as s:
            assert isinstance(s._server, asyncio.Server)
            for listener in s._server.sockets:  # inherited by connections: full at once
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
            await work("127.0.0.1", int(s.uri.rpartition(":")[2]))

    asyncio.run(run())


@asynccontextmanager
async def connected(host: str, port: int, *, reads: bool = True) -> AsyncIterator[Streams]:
    peer = socket.socket()
    if not reads:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # full at once
    peer.setblocking(False)
    await asyncio.get_running_loop().sock_connect(peer, (host, port))
    reader, writer = await asyncio.open_connection(sock=peer, limit=1 << 16)
    if not reads:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def send_until_cut_off(writer: asyncio.StreamWriter, data: bytes, pause_s: float) -> None:
    for _ in range(100):
        writer.write(data)
        await asyncio.wait_for(writer.drain(), 5)
        await asyncio.sleep(pause_s)


async def answer_to(host: str, port: int, sent: bytes) -> str:
    async with connected(host, port) as (reader, writer):
        writer.write(sent)
        event = await asyncio.wait_for(async_read_event(reader), 5)
        rest = await asyncio.wait_for(reader.read(), 5)
    assert event is not None
    assert event.type == "error"
    assert rest == b""
    return str(event.data["text"])


def header(**fields: object) -> bytes:
    return json.dumps({"type": "audio-chunk", **fields}).encode() + b"\n"


BAD = {
    "audio without its width": (
        b'{"type": "audio-start", "data": {"rate": 16000}}\n',
        "the event has no 'width'",
    ),
    "payload": (header(payload_length=10**12), "payload_length is 1000000000000; at most 262144"),
    "data": (header(data_length=10**12), "data_length is 1000000000000; at most 65536"),
    "negative": (header(payload_length=-1), "payload_length is -1"),
    "huge": (header(payload_length=10**400), "payload_length is 1000"),
    "no number": (header(payload_length="9"), "payload_length is 9"),
    "long header": (b'{"type": "' + b"x" * 200_000, "limit"),
    "nested header": (b"[" * 60_000 + b"\n", "header is not JSON"),
    "type twice": (b'{"type": "describe", "type": "detect"}\n', "a key occurs twice"),
    "nested data": (header(data_length=60_000) + b"[" * 60_000, "data is not JSON"),
    "no JSON": (b"GET / HTTP/1.1\r\n", "header is not JSON"),
    "no object": (b"[]\n", "header is not an object"),
    "no type": (b"{}\n", "no type"),
    "data of another type": (header(data=[]), "data is not an object"),
    "rate of 400 digits": (
        header(data={"rate": 10**400, "width": 2, "channels": 1}, payload_length=2) + b"xx",
        "Hz",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_event_is_answered_with_an_error_event(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent, text = BAD[case]

    async def work(host: str, port: int) -> None:
        assert text in await answer_to(host, port, sent)

    with caplog.at_level(logging.WARNING):
        serve(work)
    assert "Traceback" not in caplog.text
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_what_a_header_announces_is_not_believed() -> None:
    async def work(host: str, port: int) -> None:
        async with connected(host, port) as (_, writer):
            writer.write(header(payload_length=10**12))
            with pytest.raises(ConnectionError):
                await send_until_cut_off(writer, bytes(1 << 20), 0.001)

    tracemalloc.start()
    try:
        serve(work)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_idle_connections_end() -> None:
    async def work(host: str, port: int) -> None:
        assert "no event came for 0.2 s" in await answer_to(host, port, b"")
        assert "no event came for 0.2 s" in await answer_to(host, port, b'{"type": "desc')

    serve(work, idle_timeout_s=0.2)


DESCRIBE = b'{"type": "describe"}\n'


async def describe(streams: Streams) -> str:
    reader, writer = streams
    writer.write(DESCRIBE)
    event = await asyncio.wait_for(async_read_event(reader), 5)
    return "cut off" if event is None else event.type


def test_connections_are_limited() -> None:
    async def work(host: str, port: int) -> None:
        async with connected(host, port) as first, connected(host, port) as second:
            assert [await describe(first), await describe(second)] == ["info", "info"]
            assert "2 clients are connected already" in await answer_to(host, port, DESCRIBE)
        await asyncio.sleep(0.1)
        assert "no type" in await answer_to(host, port, b"{}\n")

    serve(work, max_connections=2)


def test_silent_connections_make_room_for_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake_service, "_MAX_WAITING", 4)

    async def work(host: str, port: int) -> None:
        async with contextlib.AsyncExitStack() as stack:
            silent = [await stack.enter_async_context(connected(host, port)) for _ in range(9)]
            for streams in [await stack.enter_async_context(connected(host, port)), *silent[-2:]]:
                assert await describe(streams) == "info"
            assert await asyncio.wait_for(silent[0][0].read(), 5) == b""
            monkeypatch.setattr(wake_service, "_SILENT_S", 0.2)
            await asyncio.sleep(0.3)
            for _ in range(2):
                another = await stack.enter_async_context(connected(host, port))
                assert await describe(another) == "info"

    serve(work, max_connections=4)


def test_one_address_leaves_room_for_others() -> None:
    async def work(host: str, port: int) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(3):
                mine = await stack.enter_async_context(connected(host, port))
                assert await describe(mine) == "info"
            assert "3 clients are connected already" in await answer_to(host, port, DESCRIBE)
            peer = socket.socket()
            peer.bind(("127.0.0.2", 0))
            peer.connect((host, port))
            other = await asyncio.open_connection(sock=peer)
            assert await describe(other) == "info"
            other[1].close()

    serve(work, max_connections=4)


def test_only_audio_costs_a_detector() -> None:
    made: list[WakeWord] = []

    def make() -> WakeWord:
        made.append(WakeWord("computer"))
        return made[-1]

    async def run() -> None:
        async with WakeService(make, "tcp://127.0.0.1:0") as service:
            port = int(service.uri.rpartition(":")[2])
            n_before = len(made)
            async with connected("127.0.0.1", port) as streams:
                assert await describe(streams) == "info"
                assert len(made) == n_before
                form = {"rate": 16000, "width": 2, "channels": 1}
                streams[1].write(header(data=form, payload_length=2) + b"xx" + DESCRIBE)
                assert await describe(streams) == "info"
                assert len(made) == n_before + 1

    asyncio.run(run())


def test_a_client_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake_service, "_WRITE_TIMEOUT_S", 0.3)

    async def work(host: str, port: int) -> None:
        async with connected(host, port, reads=False) as (_, writer):
            with pytest.raises(ConnectionError):
                await send_until_cut_off(writer, b'{"type": "describe"}\n' * 2000, 0.05)

    serve(work)


def test_a_client_that_never_reads_does_not_hold_the_service() -> None:
    async def run() -> float:
        service = WakeService(lambda: WakeWord("computer"), "tcp://127.0.0.1:0")
        await service.__aenter__()
        address = "127.0.0.1", int(service.uri.rpartition(":")[2])
        async with connected(*address, reads=False) as (_, writer):
            writer.write(b'{"type": "describe"}\n' * 20_000)
            await asyncio.sleep(0.5)
            started_s = time.monotonic()
            await service.__aexit__(None, None, None)
            return time.monotonic() - started_s

    assert asyncio.run(run()) < 3


def test_a_hostile_service_is_refused() -> None:
    async def run(sent: bytes) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(sent)
            await reader.read()
            writer.close()
            ended.set()

        ended = asyncio.Event()
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        uri = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with WyomingConnection(uri, timeout_s=1) as connection:
            with pytest.raises(ServiceRefusedError) as caught:
                await connection.describe()
            assert str(caught.value).isprintable()
        await ended.wait()
        server.close()

    for sent in (
        header(payload_length=10**12),
        b"[" * 60_000 + b"\n",
        json.dumps({"type": "error", "data": {"text": "a\n\x1b[2Jb"}}).encode() + b"\n",
        json.dumps({"type": "info", "data": {"tts": 7}}).encode() + b"\n",
        json.dumps({"type": "info", "data": {"tts": [{"name": []}]}}).encode() + b"\n",
    ):
        asyncio.run(run(sent))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.integers(-5, 300), st.integers(-5, 300))
def test_any_bytes_are_an_event_or_a_named_error(body: bytes, n_data: int, n_payload: int) -> None:
    async def run() -> None:
        for start in (b"", header(data_length=n_data, payload_length=n_payload)):
            reader = asyncio.StreamReader(limit=1 << 12)
            reader.feed_data(start + body)
            reader.feed_eof()
            try:
                event = await read_event(reader, EventLimits(data=100, payload=100))
            except (ValueError, asyncio.IncompleteReadError):
                continue
            assert event is None or isinstance(event.type, str)

    asyncio.run(run())


def test_a_good_client_is_served_between_bad_ones() -> None:
    async def work(host: str, port: int) -> None:
        for sent, _ in BAD.values():
            await answer_to(host, port, sent)
        form = {"rate": 16000, "width": 2, "channels": 1}
        pcm = sounds.spoken("computer").astype("<i2").tobytes()
        async with connected(host, port) as (reader, writer):
            for begin in range(0, len(pcm), 32_000):
                audio = pcm[begin : begin + 32_000]
                writer.write(header(data=form, payload_length=len(audio)) + audio)
            writer.write(b'{"type": "audio-stop"}\n')
            event = await asyncio.wait_for(async_read_event(reader), 5)
        assert event is not None
        assert event.type == "detection"

    serve(work)
