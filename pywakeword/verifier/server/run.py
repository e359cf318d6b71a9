"""Runs the application under uvicorn, with limits that uvicorn lacks."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Iterator
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from pywakeword.verifier.server.websocket import StreamProtocol

# A client that does not take what was written within this time is cut off.
WRITE_TIMEOUT_S = 5.0
# From a signal to stop: connections are cut off, then requests are cancelled.
_CUT_OFF_AFTER_S = 2.5
_CANCEL_AFTER_S = 3.5
_WATCH_EVERY_S = 0.5
# Requests that are answered after one read: more than that is no client that waits.
_MAX_PIPELINED = 32
# Connections beyond the limits that may ask for the state of the server, and nothing else.
_RESERVED = 8
_HEALTH_REQUEST = b"GET /healthz HTTP/1."

_numbers = itertools.count(1)


class DeadlineProtocol(H11Protocol):
    """HTTP/1.1 whose request line and headers must come within `header_timeout_s`.

    uvicorn itself waits without limit for a client that sends headers byte by byte, or nothing.
    It also counts connections only when they send a request, and not by address.
    """

    header_timeout_s = 5.0
    number = 0  # in the order of coming; many come within one turn of the event loop
    max_connections = 1024
    max_connections_per_address = 256
    health_only = False  # the connection is beyond these limits
    _n_answered_ahead = 0  # since the last read
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock; cut off a connection that is one too many."""
        super().connection_made(transport)
        self._start()
        self.number = next(_numbers)
        address = _address(self)
        everybody = [
            other for other in self.connections if not getattr(other, "health_only", False)
        ]
        siblings = [other for other in everybody if _address(other) == address]
        if address and len(siblings) > self.max_connections_per_address:
            self.health_only = not _make_room(siblings, transport)
        elif len(everybody) > self.max_connections:
            self.health_only = not _make_room(everybody, transport)
        if self.health_only:
            reserved = [
                other
                for other in self.connections
                if isinstance(other, DeadlineProtocol) and other.health_only
            ]
            for other in sorted(reserved, key=lambda other: other.number)[:-_RESERVED]:
                other.transport.abort()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being read or answered."""
        return self.cycle is None or self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Stop the clock when the headers are complete; start it for the next request."""
        if self.health_only and not (self.cycle is None and data.startswith(_HEALTH_REQUEST)):
            self.transport.abort()
            return
        self._n_answered_ahead = 0
        super().data_received(data)
        if self.is_idle:
            self._start()
        else:
            self._stop()

    def on_response_complete(self) -> None:
        """End a connection that sent many requests without waiting for answers."""
        self._n_answered_ahead += 1
        if self._n_answered_ahead > _MAX_PIPELINED or self.health_only:
            self.transport.close()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand over to the WebSocket protocol, which has its own limits."""
        self._stop()
        if event.method != b"GET":
            self.send_400_response("a WebSocket is opened by GET")
            return
        super().handle_websocket_upgrade(event)
        self._deadline = self.loop.call_later(0, lambda: None)  # stops _start from setting one

    def _start(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.header_timeout_s, self._expire)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            return
        if self.cycle is None and not self.transport.is_closing() and not self.health_only:
            self.transport.write(
                b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
        self.transport.close()


class GuardedServer(uvicorn.Server):
    """A uvicorn server that no client can hold on to by not reading what it is sent."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and watch the connections."""
        await super().startup(sockets)
        self._watcher = asyncio.ensure_future(self._watch())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests finish, for a bounded time."""
        cut_off = asyncio.get_running_loop().call_later(_CUT_OFF_AFTER_S, self._abort_all)
        try:
            await super().shutdown(sockets)
        finally:
            cut_off.cancel()
            self._watcher.cancel()

    async def _watch(self) -> None:
        since_s: dict[asyncio.Transport, float] = {}
        while True:
            await asyncio.sleep(_WATCH_EVERY_S)
            now_s = asyncio.get_running_loop().time()
            behind = [transport for transport in self._transports() if _is_behind(transport)]
            since_s = {transport: since_s.get(transport, now_s) for transport in behind}
            for transport, start_s in since_s.items():
                if now_s - start_s >= WRITE_TIMEOUT_S:
                    transport.abort()

    def _transports(self) -> Iterator[asyncio.Transport]:
        for connection in list(self.server_state.connections):
            yield connection.transport

    def _abort_all(self) -> None:
        for transport in self._transports():
            transport.abort()


def _make_room(connections: list[Any], newest: asyncio.Transport) -> bool:
    """Cut off the connection that is idle for longest; False if all are at work."""
    idle = [c for c in connections if isinstance(c, DeadlineProtocol) and c.is_idle]
    waiting = [c for c in idle if c.transport is not newest and not c.transport.is_closing()]
    oldest = min(waiting, key=lambda c: c.number, default=None)
    if oldest is not None:
        oldest.transport.abort()
    return oldest is not None


def _address(connection: Any) -> str:
    """Return the peer's address; empty on a Unix socket."""
    return connection.client[0] if connection.client else ""


def _is_behind(transport: asyncio.Transport) -> bool:
    # A transport that closes waits for its buffer to be taken, or for the peer's end of TLS.
    return transport.is_closing() or transport.get_write_buffer_size() > 0


def make_server(
    app: FastAPI,
    *,
    host: str,
    port: int,
    max_connections: int | None = None,
    max_connections_per_address: int | None = None,
    **options: Any,
) -> uvicorn.Server:
    """Return a uvicorn server for the application.

    Parameters
    ----------
    app : FastAPI
        The application.
    host, port : str, int
        Where it listens.
    max_connections, max_connections_per_address : int, optional
        Most connections at one time, of all and of one address. Default: 1024 and 256.
    **options
        Options of `uvicorn.Config`.
    """
    limits = {
        "max_connections": max_connections,
        "max_connections_per_address": max_connections_per_address,
    }
    given = {name: limit for name, limit in limits.items() if limit is not None}
    for name, limit in given.items():
        if limit < 1:
            raise ValueError(f"{name} must be at least 1, got {limit}")
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=type("LimitedProtocol", (DeadlineProtocol,), given) if given else DeadlineProtocol,
        ws=StreamProtocol,
        log_config=None,
        access_log=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_CANCEL_AFTER_S,  # type: ignore[arg-type]
        **options,
    )
    return GuardedServer(config)
