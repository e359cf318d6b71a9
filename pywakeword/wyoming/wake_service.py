"""`WakeService`: the Wyoming wake-word service that Home Assistant and satellites connect to."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from pywakeword._async import closing, within
from pywakeword._checks import check_callable, check_integer, check_number, check_optional
from pywakeword._extras import require
from pywakeword._fields import printable
from pywakeword._wyoming import BAD_EVENT, EventLimits, close, read_event
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.errors import PyWakewordError, ServiceTimeoutError
from pywakeword.wakeword import WakeWord
from pywakeword.wyoming.address import DEFAULT_URI, is_loopback
from pywakeword.wyoming.service_info import service_info
from pywakeword.wyoming.text_to_speech import SpeechOffer
from pywakeword.wyoming.wake_stream import WakeStream

if TYPE_CHECKING:
    from wyoming.event import Event, Eventable

_info = service_info  # deprecated: its name before 0.2
_LOG = logging.getLogger(__name__)
_LINGER_S = 10.0
_DISCARD_BYTES = 1 << 16
_MAX_DISCARDED_BYTES = 4 << 20

# A chunk of audio has 0.1 s; this is 8 s.
_LIMITS = EventLimits(data=64 << 10, payload=256 << 10)
_WRITE_TIMEOUT_S = 5.0
_BACKLOG = 1024  # a client that finds no place in the queue tries again after a second
# A client that has sent nothing for this long makes room for another one.
_SILENT_S = 5.0
_MAX_WAITING = 256  # connections that have sent nothing yet


@dataclass(eq=False)
class _Connection:
    address: str
    since_s: float = field(default_factory=time.monotonic)  # of the last event
    has_spoken: bool = False
    task: asyncio.Task[None] = field(init=False)


class WakeService:
    """Answers detect, audio, synthesize and describe events, with one detector per connection.

    `async with` binds the address and serves connections until its end.

    Parameters
    ----------
    make_spotter : callable returning WakeWord
        Called once per connection. All detectors share the weights.
    uri : str
        `tcp://host:port` (port 0: any free port) or `unix:///path`.
    allow_remote : bool
        Allow an address that other machines can reach. The protocol has no passwords and
        no encryption: anyone who can reach the service can use it.
    make_endpointer : callable returning Endpointer, optional
        Called once per connection. With it, the service also reports where speech in the
        audio begins and ends, as `voice-started` and `voice-stopped`.
    speech : SpeechOffer, optional
        With it, the service also speaks.
    max_connections : int
        Most clients at one time, three quarters of them from one address. Beyond that, the one
        that is silent for longest makes room if it has sent nothing for 5 s; otherwise the new
        one gets an error event. Connections that have sent nothing yet are not counted: the
        newest 256 stay.
    idle_timeout_s : float
        Time without a whole event after which a connection ends.

    Raises
    ------
    MissingExtraError
        If the package wyoming is not installed.
    ValueError
        If the address is malformed, or other machines can reach it without `allow_remote`.
    """

    def __init__(
        self,
        make_spotter: Callable[[], WakeWord],
        uri: str = DEFAULT_URI,
        *,
        allow_remote: bool = False,
        make_endpointer: Callable[[], Endpointer] | None = None,
        speech: SpeechOffer | None = None,
        max_connections: int = 64,
        idle_timeout_s: float = 300.0,
    ) -> None:
        require("wyoming", "wyoming")
        check_callable("make_spotter", make_spotter)
        if make_endpointer is not None:
            check_callable("make_endpointer", make_endpointer)
        check_optional("speech", speech, SpeechOffer)
        if not is_loopback(uri) and not allow_remote:
            raise ValueError(
                f"{uri} can be reached from other machines, without password or encryption; "
                "allow_remote permits that"
            )
        check_integer("max_connections", max_connections)
        check_number("idle_timeout_s", idle_timeout_s)
        if max_connections < 1:
            raise ValueError(f"max_connections must be at least 1, got {max_connections}")
        if not 0 < idle_timeout_s < float("inf"):
            raise ValueError(f"idle_timeout_s must be positive and finite, got {idle_timeout_s!r}")
        self._make_spotter = make_spotter
        self._uri = uri
        self._max_connections = max_connections
        self._idle_timeout_s = idle_timeout_s
        self._max_per_address = -(-3 * max_connections // 4)
        self._connections: set[_Connection] = set()
        self._server: asyncio.AbstractServer | None = None
        self._make_endpointer = make_endpointer
        self._speech = speech
        self._info = service_info(make_spotter(), [] if speech is None else [speech.program()])

    @property
    def uri(self) -> str:
        """The address; after binding, with the real port."""
        return self._uri

    async def __aenter__(self) -> WakeService:
        address = urlparse(self._uri)
        try:
            if address.scheme == "unix":
                start = asyncio.start_unix_server(self._accept, address.path, backlog=_BACKLOG)
            else:
                host, port = address.hostname, address.port
                start = asyncio.start_server(self._accept, host, port, backlog=_BACKLOG)
            self._server = await start
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._uri) from error
        if address.scheme != "unix":
            port = self._server.sockets[0].getsockname()[1]
            host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
            self._uri = f"tcp://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        tasks = [connection.task for connection in self._connections]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting = [other for other in self._connections if not other.has_spoken]
        if len(waiting) >= _MAX_WAITING:
            self._end(min(waiting, key=lambda other: other.since_s))
        connection = _Connection(_address(writer))
        connection.task = asyncio.ensure_future(self._serve(reader, writer, connection))
        self._connections.add(connection)
        connection.task.add_done_callback(lambda _: self._connections.discard(connection))

    def _admit(self, connection: _Connection) -> int:
        """Let a connection speak for the first time; return how many do if they are too many."""
        everybody = [other for other in self._connections if other.has_spoken]
        address = connection.address
        siblings = [other for other in everybody if address and other.address == address]
        crowd = siblings if len(siblings) >= self._max_per_address else everybody
        if crowd is siblings or len(crowd) >= self._max_connections:
            oldest = min(crowd, key=lambda other: other.since_s)
            if time.monotonic() - oldest.since_s < _SILENT_S:
                return len(crowd)
            self._end(oldest)
        connection.has_spoken = True
        return 0

    def _end(self, connection: _Connection) -> None:
        connection.task.cancel()
        self._connections.discard(connection)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        from wyoming.error import Error
        from wyoming.info import Describe

        @functools.cache
        def stream() -> WakeStream:
            endpointer = None if self._make_endpointer is None else self._make_endpointer()
            return WakeStream(self._make_spotter(), self._info, client, endpointer)

        client = _peer_name(writer)
        _LOG.debug("%s: connected", client)
        try:
            while (event := await self._receive(reader)) is not None:
                connection.since_s = time.monotonic()
                if not connection.has_spoken and (n_others := self._admit(connection)):
                    _LOG.warning("%s: refused: %d are connected", client, n_others)
                    await _send(Error(f"{n_others} clients are connected already", "busy"), writer)
                    return
                if Describe.is_type(event.type):  # costs no detector
                    await _send(self._info, writer)
                    continue
                if self._speech is not None and event.type == "synthesize":
                    async with closing(self._speech.answer(event)) as answers:
                        async for part in answers:
                            await _send(part, writer)
                    continue
                for answer in stream().handle(event):
                    await _send(answer, writer)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            _LOG.info("%s: disconnected: %s", client, error)
        except (PyWakewordError, *BAD_EVENT) as error:
            # The client's fault: report it to the client and close the connection.
            reason = f"the event has no {error}" if isinstance(error, KeyError) else str(error)
            _LOG.warning("%s: refused: %s", client, printable(reason))
            with contextlib.suppress(ConnectionError, ServiceTimeoutError):
                await _send(Error(reason, "bad-request"), writer)
                await _linger(reader, writer)
        finally:
            _LOG.debug("%s: closed", client)
            await close(writer)

    async def _receive(self, reader: asyncio.StreamReader) -> Event | None:
        return await within(read_event(reader, _LIMITS), self._idle_timeout_s, "no event came")


async def _send(answer: Eventable, writer: asyncio.StreamWriter) -> None:
    from wyoming.event import async_write_event

    sent = async_write_event(answer.event(), writer)
    await within(sent, _WRITE_TIMEOUT_S, "the client takes no answer")


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send the end of the stream, then drop what the client still sends, within limits.

    Closing with unread data resets the connection, and the client loses what it has not read.
    """
    writer.write_eof()

    async def discard() -> None:
        n_bytes = 0
        while n_bytes < _MAX_DISCARDED_BYTES and (data := await reader.read(_DISCARD_BYTES)):
            n_bytes += len(data)

    await within(discard(), _LINGER_S, "the client did not close")


def _address(writer: asyncio.StreamWriter) -> str:
    """Return the peer's address; empty on a Unix socket."""
    peer = writer.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _peer_name(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return f"client {peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "client"
