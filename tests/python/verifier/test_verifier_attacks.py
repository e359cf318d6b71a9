"""Peers that attack the server of one machine; each was a hole once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="the verifier extra is not installed")
pytest.importorskip("fastapi", reason="the server extra is not installed")

import httpx
from helpers.tiny_verifier import write_verifier
from helpers.verifier_contract import cut, fresh, stream
from helpers.verifier_server import audio, error_of, post, running, serving

from pywakeword.errors import VerifierUnavailableError
from pywakeword.verifier import OnnxScorer
from pywakeword.verifier.contract import MAX_STREAM_BYTES, MAX_STREAM_FRAMES
from pywakeword.verifier.server import run, websocket
from pywakeword.verifier.server.app import create_app
from pywakeword.verifier.server.slots import Slots
from tools.attacks import wire


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("verifier"), idle_timeout_s=2.0) as address:
        yield address


def is_cut_off(connection: socket.socket, within_s: float) -> bool:
    """Whether the server ends the connection without being read."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        try:
            connection.sendall(wire.frame(wire.PING, b""))
        except socket.timeout:
            pass
        except ConnectionError:
            return True
        time.sleep(0.05)
    return False


def never_read(url: str) -> socket.socket:
    """Open a stream, fill the server's write buffer with pongs, and read none of them."""
    connection = wire.connect(url, 0.5, receive_buffer=4096)
    wire.upgrade(connection)
    pings = wire.frame(wire.PING, bytes(125)) * 1500
    with contextlib.suppress(OSError):
        connection.sendall(pings * 2)  # within the budget of frames
    return connection


def never_read_http(url: str) -> socket.socket:
    connection = wire.connect(url, 0.5, receive_buffer=2048)
    with contextlib.suppress(OSError):
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 2500)
    return connection


def test_a_stream_is_authorized_before_a_frame_is_read(tmp_path: Path) -> None:
    with serving(tmp_path, tokens=("s3cret",)) as address:
        with wire.connect(address) as connection:
            head = wire.upgrade(connection, then=wire.deflated_frame(131072) * 100)
            assert head.startswith(b"HTTP/1.1 401 ")
            assert b'"unauthorized"' in wire.read_all(connection)
        with wire.connect(address) as connection:
            head = wire.upgrade(connection, b"Authorization: bearer s3cret\r\n")
            assert head.startswith(b"HTTP/1.1 101 ")


def test_compression_is_not_offered(url: str) -> None:
    with wire.connect(url) as connection:
        head = wire.upgrade(connection)
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"permessage-deflate" not in head
        connection.sendall(wire.deflated_frame(131072))
        assert b"reserved bits" in wire.read_all(connection)


@pytest.mark.parametrize("opcode", [0, wire.PING], ids=["pieces", "pings"])
def test_frames_have_a_budget(url: str, opcode: int) -> None:
    with wire.connect(url) as connection:
        wire.upgrade(connection)
        connection.sendall(wire.frame(wire.BINARY, b"", last=False))
        started_s = time.monotonic()
        with contextlib.suppress(ConnectionError):
            connection.sendall(wire.frame(opcode, b"", last=opcode != 0) * 43_000)
        assert f"more than {MAX_STREAM_FRAMES} frames".encode() in wire.read_all(connection)
        assert time.monotonic() - started_s < 2


def test_streams_with_much_to_parse_take_turns() -> None:
    loop = asyncio.new_event_loop()
    turns, taken = websocket._Turns(loop), []

    class Busy:
        def __init__(self, name: str) -> None:
            self.name = name

        def take_turn(self) -> None:
            taken.append(self.name)
            if len(taken) < 7:
                turns.add(self)

    for busy in (Busy("a"), Busy("b"), Busy("c")):
        turns.add(busy)
        turns.add(busy)
    per_turn = []
    while len(taken) < 9:
        loop.call_soon(loop.stop)
        loop.run_forever()
        per_turn.append(len(taken))
    loop.close()
    assert "".join(taken) == "abcabcabc"
    assert max(after - before for before, after in zip([0, *per_turn], per_turn)) == 1


def test_bytes_have_a_budget(url: str) -> None:
    with wire.connect(url) as connection:
        wire.upgrade(connection)
        with contextlib.suppress(ConnectionError):
            connection.sendall(wire.frame(1, json.dumps(fresh(end_sample=60_000)).encode()))
            for _ in range(MAX_STREAM_BYTES // 100_000 + 2):
                connection.sendall(wire.frame(0xA, b"x" * 125) * 4)  # pongs that nobody asked for
                connection.sendall(wire.frame(wire.BINARY, bytes(100_000)))
        assert b"\x88" in wire.read_all(connection)  # a close frame


def test_an_utterance_in_small_frames_is_within_the_budget(url: str) -> None:
    verdict, stop = stream(url, fresh(), [*cut(audio(), 160), *cut(bytes(2 * 16000 * 7), 320)])
    assert verdict["decision"] == "accept"
    assert stop["reason"] == "no_speech"


@pytest.fixture
def small_send_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the server the buffers of a slow network: those of loopback take megabytes."""
    made = run.DeadlineProtocol.connection_made

    def connection_made(self: object, transport: asyncio.Transport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        made(self, transport)

    monkeypatch.setattr(run.DeadlineProtocol, "connection_made", connection_made)


@pytest.mark.usefixtures("small_send_buffers")
@pytest.mark.parametrize("attack", [never_read, never_read_http])
def test_a_peer_that_never_reads_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attack: Callable[[str], socket.socket]
) -> None:
    monkeypatch.setattr(run, "WRITE_TIMEOUT_S", 0.5)
    with serving(tmp_path, idle_timeout_s=30) as address, attack(address) as connection:
        assert is_cut_off(connection, 2.5)
        assert post(address, fresh()).status_code == 200


@pytest.mark.usefixtures("small_send_buffers")
@pytest.mark.parametrize("attack", [never_read, never_read_http])
def test_a_peer_that_never_reads_does_not_hold_the_server(
    tmp_path: Path, attack: Callable[[str], socket.socket]
) -> None:
    with contextlib.ExitStack() as stack:
        with serving(tmp_path, idle_timeout_s=30) as address:
            for _ in range(4):
                stack.enter_context(attack(address))
            assert post(address, fresh()).status_code == 200
            stopping_s = time.monotonic()
        assert time.monotonic() - stopping_s < 5


def streamed_until_the_end(address: str, message: bytes) -> tuple[bytes, float]:
    """Send the same message ten times a second for as long as it is taken."""
    with wire.connect(address) as connection:
        wire.upgrade(connection)
        connection.sendall(wire.frame(wire.TEXT, json.dumps(fresh()).encode()))
        started_s = time.monotonic()
        connection.settimeout(0.1)
        while time.monotonic() - started_s < 5:
            connection.sendall(wire.frame(wire.BINARY, message))
            with contextlib.suppress(socket.timeout):
                return connection.recv(65536), time.monotonic() - started_s
        return b"", 5.0


def test_empty_messages_are_no_sign_of_life(tmp_path: Path) -> None:
    with serving(tmp_path, idle_timeout_s=0.5) as address:
        reply, seconds = streamed_until_the_end(address, b"")
    assert b"no message with audio for 0.5 s" in reply
    assert seconds < 2


def test_a_stream_has_an_end(tmp_path: Path) -> None:
    with serving(tmp_path, idle_timeout_s=0.5, max_stream_s=0.5) as address:
        reply, seconds = streamed_until_the_end(address, b"\0\0")
    assert b"no end after 1 s" in reply
    assert seconds < 3


def test_one_address_takes_no_more_than_its_share(tmp_path: Path) -> None:
    options = {"streams": Slots(8, 2, "streams"), "idle_timeout_s": 5.0}
    with serving(tmp_path, **options) as address, contextlib.ExitStack() as stack:
        heads = []
        for _ in range(4):
            connection = stack.enter_context(wire.connect(address))
            heads.append(wire.upgrade(connection)[:13])
        assert heads == [b"HTTP/1.1 101 "] * 2 + [b"HTTP/1.1 503 "] * 2
        assert post(address, fresh()).status_code == 200
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200


def test_slots() -> None:
    slots = Slots(3, 2, "streams")
    with contextlib.ExitStack() as stack:
        for address in ("a", "a", "b"):
            stack.enter_context(slots.take(address))
        for address in ("a", "b", "c"):
            with pytest.raises(VerifierUnavailableError, match="too many streams"):
                stack.enter_context(slots.take(address))
    with slots.take("c"):  # all have been given back
        pass


def test_idle_connections_make_room_for_the_newest(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.DeadlineProtocol, "max_connections_per_address", 4)
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(wire.connect(url)) for _ in range(4)]
        time.sleep(0.1)
        assert post(url, fresh()).status_code == 200
        assert wire.read_all(idle[0]) == b""  # long before the deadline of its headers
        for connection in idle[1:]:
            wire.upgrade(connection)
        working = stack.enter_context(wire.connect(url))
        wire.upgrade(working)
        with wire.connect(url) as one_more:  # all are at work
            assert wire.read_all(one_more) == b""
        with wire.connect(url) as one_more:
            one_more.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert wire.read_all(one_more) == b""
        for _ in range(3):  # the state of the server is still answered
            with wire.connect(url) as one_more:
                one_more.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert wire.read_all(one_more).startswith(b"HTTP/1.1 200 ")


def test_connections_beyond_the_limits_are_few(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.DeadlineProtocol, "max_connections_per_address", 1)
    monkeypatch.setattr(run.DeadlineProtocol, "header_timeout_s", 30)
    with contextlib.ExitStack() as stack:
        working = stack.enter_context(wire.connect(url))
        wire.upgrade(working)
        silent = [stack.enter_context(wire.connect(url)) for _ in range(12)]
        time.sleep(0.3)
        for connection in silent[:4]:
            assert wire.read_all(connection) == b""
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200


def test_pipelined_requests_are_few(url: str) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with wire.connect(url) as connection:
        connection.sendall(request * 200)
        n_answers = wire.read_all(connection).count(b"HTTP/1.1 200 ")
    assert 32 <= n_answers <= 100
    with wire.connect(url) as connection:  # a client that waits for its answers
        for _ in range(60):
            connection.sendall(request)
            reply = b""
            while not reply.endswith(b"]}"):
                reply += connection.recv(65536)
            assert reply.startswith(b"HTTP/1.1 200 ")


def test_limits_are_options(tmp_path: Path) -> None:
    app = create_app(OnnxScorer(write_verifier(tmp_path, "beep").parent))
    with (
        running(app, max_connections_per_address=1) as address,
        wire.connect(address) as working,
    ):
        wire.upgrade(working)
        with wire.connect(address) as one_more:
            one_more.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert wire.read_all(one_more) == b""
    with pytest.raises(ValueError, match="max_connections must be at least 1"):
        run.make_server(app, host="127.0.0.1", port=0, max_connections=0)


@pytest.mark.parametrize(
    "request_",
    [
        wire.upgrade_request(b"Content-Length: 3\r\n").replace(b"GET", b"POST", 1) + b"abc",
        wire.upgrade_request(b"a: b\r\n" * 500),
        wire.upgrade_request(b"a: %s\r\n" % (b"b" * 20_000)),
    ],
    ids=["by POST", "many headers", "a long header"],
)
def test_an_upgrade_that_is_none_is_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, request_: bytes
) -> None:
    with contextlib.ExitStack() as stack, serving(tmp_path) as address:
        connection = stack.enter_context(wire.connect(address))
        connection.sendall(request_)
        assert wire.read_all(connection).startswith(b"HTTP/1.1 400 ")
        pending = stack.enter_context(wire.connect(address))
        pending.sendall(request_)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_text_that_is_no_text(url: str, caplog: pytest.LogCaptureFixture) -> None:
    pieces = wire.frame(wire.TEXT, b"\xc3", last=False), wire.frame(0, b"\xff")
    for sent in (wire.frame(wire.TEXT, b"\xff\xfe"), b"".join(pieces)):
        with wire.connect(url) as connection:
            wire.upgrade(connection)
            connection.sendall(sent)
            assert wire.read_all(connection) == b"\x88\x02\x03\xef"
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_stream_that_was_refused_is_closed_soon(url: str) -> None:
    with wire.connect(url) as connection:
        wire.upgrade(connection)
        started_s = time.monotonic()
        connection.sendall(wire.frame(wire.TEXT, b"["))  # and no answer to the close frame
        assert b'"bad_json"' in wire.read_all(connection)
        assert time.monotonic() - started_s < 5


def test_web_pages_are_refused(url: str, tmp_path: Path) -> None:
    origin = b"Origin: https://evil.example\r\n"
    with wire.connect(url) as connection:
        assert wire.upgrade(connection, origin).startswith(b"HTTP/1.1 403 ")
    with (
        serving(tmp_path, origins=("https://evil.example",)) as address,
        wire.connect(address) as connection,
    ):
        assert wire.upgrade(connection, origin).startswith(b"HTTP/1.1 101 ")


def test_two_lengths_are_refused(url: str) -> None:
    with wire.connect(url) as connection:
        connection.sendall(
            b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        reply = wire.read_all(connection)
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert b'"bad_framing"' in reply
    assert reply.count(b"HTTP/1.1") == 1


def test_no_redirect_leads_to_the_hosts_name(url: str) -> None:
    reply = httpx.post(f"{url}/v1/verify/", headers={"host": "evil.example"}, trust_env=False)
    assert reply.status_code == 404
    assert "location" not in reply.headers


@pytest.mark.parametrize("value", [f"1{'0' * 400}", f"1{'0' * 5000}", "1e999", "-1", "NaN"])
def test_numbers_that_are_too_large(url: str, value: str) -> None:
    text = json.dumps(fresh()).replace('"volume": 0.5', f'"volume": {value}')
    status, code = error_of(post(url, text.encode(), b"odd"))
    assert (status, code) in ((422, "bad_metadata"), (400, "bad_json"))


def test_duplicate_keys_are_refused(url: str) -> None:
    text = json.dumps(fresh()).replace('"score"', '"score": 0.1, "score"')
    assert error_of(post(url, text.encode(), b"odd")) == (400, "bad_json")
