"""The wake-word service, as the reference client of the protocol meets it."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable

import numpy as np
import pytest

pytest.importorskip("wyoming.client", reason="needs the extra 'wyoming'")

from helpers import sounds
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection, NotDetected

from pywakeword import WakeWord
from pywakeword.wyoming import WakeService
from pywakeword.wyoming.address import is_loopback
from pywakeword.wyoming.audio_format import AudioFormat

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
        (Event("detect", {"names": "computer"}), "names must be a list of strings"),
        (AudioStart(16000, 5, 1).event(), "40 bit"),
        (AudioStart(400, 2, 1).event(), "400 Hz"),
        (AudioStart(16000, 2, "1").event(), "channels of the audio must be a whole number"),
        (AudioStart(16000, 2, 1, timestamp="now").event(), "timestamp must be a number"),
        (AudioChunk(16000, 2, 2, b"123456").event(), "6 bytes ends inside a frame of 4 bytes"),
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


def test_an_unknown_name_is_refused_and_the_connection_stays() -> None:
    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Detect(names=["jarvis"]).event())
        answer = await client.read_event()
        assert (answer.type, answer.data["code"]) == ("error", "unknown-wake-word")
        assert answer.data["text"] == "no wake word 'jarvis'; there are alexa, computer"
        # Nothing else is reported in its place.
        await send_audio(client, sounds.spoken("computer"))
        assert NotDetected.is_type((await client.read_event()).type)
        await client.write_event(Detect(names=["computer"]).event())
        await send_audio(client, sounds.spoken("computer"))
        assert Detection.from_event(await client.read_event()).name == "computer"

    with_client(work)


def test_ping() -> None:
    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Ping("are you there").event())
        assert Pong.from_event(await client.read_event()).text == "are you there"

    with_client(work)


async def send_chunks(
    client: AsyncTcpClient, pcm: np.ndarray, timestamp: Callable[[int], int | None], step: int = 800
) -> None:
    for begin in range(0, len(pcm), step):
        audio = pcm[begin : begin + step].astype("<i2").tobytes()
        chunk = AudioChunk(audio=audio, timestamp=timestamp(begin // 16), **FORMAT)
        await client.write_event(chunk.event())


COMPUTER_END_MS = sounds.COMPUTER[1] * 1000 // sounds.RATE


def counted_from(begin_ms: int) -> Callable[[int], int]:
    return lambda at_ms: begin_ms + at_ms


async def found_ms(client: AsyncTcpClient) -> int:
    found = Detection.from_event(await client.read_event())
    assert found.name == "computer"
    assert found.timestamp is not None
    return found.timestamp


def test_time_is_that_of_the_chunks() -> None:
    """Home Assistant gives timestamps on chunks only; a satellite pauses after a detection."""

    async def work(client: AsyncTcpClient) -> None:
        pcm = sounds.spoken("computer")
        for begin_ms in (5000, 605_000, 1000):
            await client.write_event(Detect(names=["computer"]).event())
            if begin_ms == 5000:
                await client.write_event(AudioStart(**FORMAT).event())
            await send_chunks(client, pcm, counted_from(begin_ms))
            assert abs(await found_ms(client) - begin_ms - COMPUTER_END_MS) <= 100

    with_client(work)


def test_time_runs_on_where_chunks_have_none() -> None:
    async def work(client: AsyncTcpClient) -> None:
        pcm = np.concatenate((np.zeros(32000, np.int16), sounds.spoken("computer")))
        await send_chunks(client, pcm, lambda at_ms: 7000 if at_ms == 1000 else None)
        assert abs(await found_ms(client) - 8000 - COMPUTER_END_MS) <= 100

    with_client(work)


def test_a_gap_does_not_hide_a_word() -> None:
    """The refractory time ends with a gap, and a word just before one is still reported."""

    async def work(client: AsyncTcpClient) -> None:
        pcm = sounds.spoken("computer")[: sounds.COMPUTER[1]]
        for begin_ms in (0, 60_000, 120_000):
            await send_chunks(client, pcm, counted_from(begin_ms))
        await client.write_event(AudioStop().event())
        for begin_ms in (0, 60_000, 120_000):
            assert abs(await found_ms(client) - begin_ms - COMPUTER_END_MS) <= 100

    with_client(work)


def test_constant_timestamps_lose_no_word() -> None:
    async def work(client: AsyncTcpClient) -> None:
        await send_chunks(client, sounds.spoken("computer"), lambda at_ms: 0)
        assert Detection.from_event(await client.read_event()).name == "computer"

    with_client(work)


def encoded(pcm: np.ndarray, width: int, *, unsigned: bool = False) -> bytes:
    """16-bit samples in another width, little-endian."""
    if width == 1:
        eight = pcm >> 8
        return (eight + 128 if unsigned else eight & 255).astype(np.uint8).tobytes()
    wide = (pcm.astype(np.int32) << 16).astype("<i4")
    return wide.view(np.uint8).reshape(-1, 4)[:, 4 - width :].tobytes()


@pytest.mark.parametrize(
    ("width", "unsigned"), [(1, False), (1, True), (2, False), (3, False), (4, False)]
)
def test_widths(width: int, unsigned: bool) -> None:
    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(AudioStart(16000, width, 1).event())
        pcm = sounds.spoken("computer")
        for begin in range(0, len(pcm), 1600):
            audio = encoded(pcm[begin : begin + 1600], width, unsigned=unsigned)
            await client.write_event(AudioChunk(16000, width, 1, audio).event())
        await client.write_event(AudioStop().event())
        assert abs(await found_ms(client) - COMPUTER_END_MS) <= 100

    with_client(work)


def test_decoded_values() -> None:
    pcm = np.array([-32768, -256, 0, 256, 32512], np.int16)
    for width in (1, 2, 3, 4):
        found = AudioFormat(16000, width, 1).decode(encoded(pcm, width))
        np.testing.assert_array_equal(found[:, 0], pcm / 32768)
    unsigned = AudioFormat(16000, 1, 1).decode(encoded(pcm, 1, unsigned=True), unsigned=True)
    np.testing.assert_array_equal(unsigned[:, 0], pcm / 32768)


def test_the_format_may_change_within_a_stream() -> None:
    pytest.importorskip("soxr", reason="needs the extra 'audio'")

    async def work(client: AsyncTcpClient) -> None:
        pcm = sounds.spoken("computer")
        cut = sounds.COMPUTER[0] - 3000
        await client.write_event(AudioStart(**FORMAT).event())
        audio = np.repeat(pcm[:cut], 6).astype("<i2").tobytes()  # stereo, 48 kHz
        await client.write_event(AudioChunk(48000, 2, 2, audio).event())
        await client.write_event(AudioChunk(16000, 4, 1, encoded(pcm[cut:], 4)).event())
        assert abs(await found_ms(client) - COMPUTER_END_MS) <= 100

    with_client(work)


def test_a_refusal_can_be_read_after_more_was_sent() -> None:
    """A close with unread data would reset the connection and lose the refusal."""

    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(AudioStart(400, 2, 1).event())
        for _ in range(200):
            await client.write_event(AudioChunk(400, 2, 1, bytes(20_000)).event())
        await asyncio.sleep(0.3)
        answer = await client.read_event()
        assert answer.type == "error"
        assert "400 Hz" in answer.data["text"]

    with_client(work)


def test_debug_log(caplog: pytest.LogCaptureFixture) -> None:
    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Detect(names=["computer"]).event())
        await send_audio(client, sounds.spoken("computer"))
        await client.read_event()
        await client.write_event(Ping().event())  # answered after all the audio
        await client.read_event()

    with caplog.at_level("DEBUG", logger="pywakeword"):
        with_client(work)
    text = caplog.text
    assert "client 127.0.0.1:" in text
    assert "waits for computer" in text
    assert "sends 1 channel(s), 16000 Hz, 16 bit" in text
    assert re.search(r"detected computer, score [01]\.\d+, at \d+ ms", text)
    assert re.search(
        r"highest scores of the last \d\.\d s: alexa 0\.\d+, .*computer (1\.000|0\.[6-9]\d+)", text
    )


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
