"""The attacks. Each takes a URL and seconds, and leaves its connections open in a stack."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator

from tools.attacks import wire
from tools.attacks.probe import metadata

Attack = Callable[[str, float, contextlib.ExitStack], None]

_MANY = 300  # connections: more than one address may have


def _rounds(seconds: float, pause_s: float) -> Iterator[int]:
    until_s, number = time.monotonic() + seconds, 0
    while time.monotonic() < until_s:
        yield number
        number += 1
        time.sleep(pause_s)


def _open(
    url: str, stack: contextlib.ExitStack, receive_buffer: int | None = None
) -> socket.socket:
    return stack.enter_context(wire.connect(url, 2.0, receive_buffer))


def _send(connection: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):  # the server ends what is too much
        connection.sendall(data)


def _streams(first: bytes, flood: bytes, receive_buffer: int | None = None) -> Attack:
    """Open a stream twice a second and more, and send a flood on each."""

    def attack(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
        for _ in _rounds(seconds, 0.2):
            connection = _open(url, stack, receive_buffer)
            with contextlib.suppress(OSError):
                wire.upgrade(connection)
                _send(connection, first + flood)

    return attack


def _started() -> bytes:
    return wire.frame(wire.TEXT, metadata())


def empty_messages(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
    """Open as many streams as one address can, and keep them with empty messages."""
    streams = []
    for _ in range(_MANY):
        connection = _open(url, stack)
        with contextlib.suppress(OSError):
            if b" 101 " in wire.upgrade(connection, then=_started()):
                streams.append(connection)
    for _ in _rounds(seconds, 0.5):
        for connection in streams:
            _send(connection, wire.frame(wire.BINARY, b""))


def unread_replies(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
    """Pipeline requests and read no reply."""
    for _ in _rounds(seconds, 0.5):
        request = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
        _send(_open(url, stack, 2048), request * 2500)


def idle_connections(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
    """Connect and say nothing, more often than one address may."""
    for _ in range(_MANY):
        _open(url, stack)
    time.sleep(seconds)


def many_pings(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
    """Fill the budgets of 60 streams with pings at once, and read no pong."""
    for _ in range(60):
        connection = _open(url, stack, 2048)
        with contextlib.suppress(OSError):
            wire.upgrade(connection)
            _send(connection, _started() + wire.frame(wire.PING, bytes(125)) * 3500)
    time.sleep(seconds)


def posted_upgrades(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
    """Ask for WebSockets by POST, which no server should leave unanswered."""
    request = wire.upgrade_request().replace(b"GET", b"POST", 1)
    for _ in range(_MANY):
        _send(_open(url, stack), request[:-2] + b"Content-Length: 3\r\n\r\nabc")
    time.sleep(seconds)


def slow_bodies(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
    """Send bodies byte by byte."""
    head = (
        b"POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b"
    )
    senders = [_open(url, stack) for _ in range(100)]
    for number in _rounds(seconds, 0.3):
        for connection in senders:
            _send(connection, b"x" if number else head)


def endless_payload(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
    """Announce a payload of 1e12 bytes and send it."""
    for _ in _rounds(seconds, 0.2):
        event = b'{"type": "audio-chunk", "payload_length": 1000000000000}\n'
        _send(_open(url, stack), event + bytes(16 << 20))


def nested_events(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
    """Send JSON of 60,000 brackets."""
    for _ in _rounds(seconds, 0.02):
        with wire.connect(url, 2.0) as connection:
            _send(connection, b"[" * 60_000 + b"\n")


def unread_events(url: str, seconds: float, stack: contextlib.ExitStack) -> None:
    """Ask for the description without end and read none."""
    for number in _rounds(seconds, 0.5):
        if number < 20:
            _send(_open(url, stack, 2048), b'{"type": "describe"}\n' * 50_000)


_BOMBS = wire.deflated_frame(131_072) * 1500
_PIECES = wire.frame(wire.BINARY, b"", last=False) + wire.frame(0, b"", last=False) * 43_000
_PINGS = wire.frame(wire.PING, bytes(125)) * 20_000

VERIFIER: dict[str, Attack] = {
    "deflated frames": _streams(b"", _BOMBS),
    "empty pieces of a message": _streams(b"", _PIECES),
    "pings, pongs not read": _streams(b"", _PINGS, receive_buffer=4096),
    "pings on 60 streams": many_pings,
    "streams of empty messages": empty_messages,
    "replies not read": unread_replies,
    "idle connections": idle_connections,
    "upgrades by POST": posted_upgrades,
    "slow bodies": slow_bodies,
}
WYOMING: dict[str, Attack] = {
    "payload without end": endless_payload,
    "nested JSON": nested_events,
    "answers not read": unread_events,
    "idle connections": idle_connections,
}
