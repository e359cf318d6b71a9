"""The WebSocket protocol of the verifier's server, with a budget for each connection.

uvicorn's protocol parses a whole read, up to 256 KB, before the application can refuse
anything. This one reads nothing until the application has accepted the client. Then one slice
of one connection is parsed per turn of the event loop, while application and client keep up.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ProtocolError
from websockets.frames import Frame
from websockets.server import ServerProtocol

from pywakeword.verifier.contract import MAX_AUDIO_BYTES, MAX_STREAM_BYTES, MAX_STREAM_FRAMES

_SLICE_BYTES = 4 * 1024
_MAX_MESSAGE_BYTES = MAX_AUDIO_BYTES + 1024  # larger audio gets an answer of its own


_CLOSE_TIMEOUT_S = 2.0  # for the client's half of the closing handshake
_NOT_TEXT = 1007
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class _Budgeted(ServerProtocol):
    """Fails a connection whose frames are too many or too large together. No compression."""

    n_frames = 0
    n_bytes = 0

    def recv_frame(self, frame: Frame) -> None:
        """Count a frame, control frames too."""
        self.n_frames += 1
        self.n_bytes += len(frame.data)
        if self.n_frames > MAX_STREAM_FRAMES:
            raise ProtocolError(f"more than {MAX_STREAM_FRAMES} frames")
        if self.n_bytes > MAX_STREAM_BYTES:
            raise ProtocolError(f"more than {MAX_STREAM_BYTES} bytes")
        super().recv_frame(frame)


class _Turns:
    """Lets one connection after the other parse a slice, one per turn of the event loop.

    Otherwise many connections that have much to parse would fill each turn.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_soon = loop.call_soon
        self._queue: dict[StreamProtocol, None] = {}
        self._handle: asyncio.Handle | None = None

    def add(self, protocol: StreamProtocol) -> None:
        """Queue a connection, if it does not wait already."""
        self._queue.setdefault(protocol)
        if self._handle is None:
            self._handle = self._call_soon(self._next)

    def _next(self) -> None:
        self._handle = None
        first = next(iter(self._queue))
        del self._queue[first]
        if self._queue:
            self._handle = self._call_soon(self._next)
        first.take_turn()


_TURNS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Turns] = weakref.WeakKeyDictionary()


class StreamProtocol(WebSocketsSansIOProtocol):
    """Gives the parser a slice of what was read when the application has taken the last."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn = _Budgeted(max_size=_MAX_MESSAGE_BYTES, logger=self.logger)
        self.close_timeout = _CLOSE_TIMEOUT_S
        self._unread = bytearray()
        self._turns = _TURNS.setdefault(self.loop, _Turns(self.loop))

    def data_received(self, data: bytes) -> None:
        """Take what was read; the first call brings the request that was upgraded."""
        if not self.handshake_initiated:
            super().data_received(data)
            if not self.handshake_initiated:  # too many headers: uvicorn is silent
                self.transport.write(_BAD_REQUEST)
                self.transport.close()
            self._hold()
            return
        self._unread += data
        self._feed()

    def send_receive_event_to_app(self) -> None:
        """Hand over a message; end a connection whose text is not UTF-8."""
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            self.conn.send_close(_NOT_TEXT)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    def shutdown(self) -> None:
        """End the connection, which may have been answered already."""
        if self.conn.eof_sent:
            self.transport.close()
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was not parsed."""
        self._unread.clear()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Go on reading: the client has taken what it was sent."""
        super().resume_writing()
        self._feed()

    async def receive(self) -> Any:
        """Return the next message of the application, and read on."""
        message = await super().receive()
        self._feed()
        return message

    async def send(self, message: Any) -> None:
        """Send; reading begins when the client has been accepted."""
        await super().send(message)
        self._feed()

    def _waits(self) -> bool:
        # Pongs are written while reading: a client that does not take them is not read either.
        return not self.handshake_complete or self.read_paused or not self.writable.is_set()

    def _hold(self) -> None:
        """Let the transport read only what can be parsed now."""
        if self.transport.is_closing():
            return
        if self._unread or self._waits():
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _feed(self) -> None:
        if self.transport.is_closing():
            self._unread.clear()
        elif self._unread and not self._waits():
            self._turns.add(self)
        self._hold()

    def take_turn(self) -> None:
        """Parse a slice."""
        if self._unread and not self._waits() and not self.transport.is_closing():
            part = bytes(self._unread[:_SLICE_BYTES])
            del self._unread[:_SLICE_BYTES]
            super().data_received(part)
        self._feed()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
