"""Runs the application under uvicorn, with limits that uvicorn lacks."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from pywakeword.verifier.contract import MAX_AUDIO_BYTES


class DeadlineProtocol(H11Protocol):
    """HTTP/1.1 whose request line and headers must come within `header_timeout_s`.

    uvicorn itself waits without limit for a client that sends headers byte by byte, or nothing.
    """

    header_timeout_s = 5.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock."""
        super().connection_made(transport)
        self._start()

    def data_received(self, data: bytes) -> None:
        """Stop the clock when the headers are complete; start it for the next request."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._start()
        else:
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand over to the WebSocket protocol, which has its own limits."""
        self._stop()
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
        if self.cycle is None and not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
        self.transport.close()


def make_server(app: FastAPI, *, host: str, port: int, **options: Any) -> uvicorn.Server:
    """Return a uvicorn server for the application; `options` go to `uvicorn.Config`."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=DeadlineProtocol,
        ws="websockets-sansio",
        ws_max_size=MAX_AUDIO_BYTES + 1024,
        log_config=None,
        access_log=False,
        timeout_keep_alive=30,
        **{"limit_concurrency": 1024, **options},
    )
    return uvicorn.Server(config)
