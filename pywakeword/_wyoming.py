"""Reads Wyoming events within limits; a client connection that raises this package's errors."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from pywakeword._async import within
from pywakeword._checks import check_timeout, check_type
from pywakeword._extras import require
from pywakeword._fields import load_json, printable
from pywakeword.errors import (
    ServiceRefusedError,
    ServiceTimeoutError,
    ServiceTruncatedError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from wyoming.event import Event, Eventable
    from wyoming.info import Info


# What a peer's event can make the parsers of `wyoming` raise.
BAD_EVENT = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class EventLimits:
    """The largest event that is read, in bytes. A header has at most the reader's limit, 64 KB."""

    data: int
    payload: int


_CLOSE_TIMEOUT_S = 1.0
_CLIENT_LIMITS = EventLimits(data=1 << 20, payload=16 << 20)  # a service may send all audio at once


async def read_event(reader: asyncio.StreamReader, limits: EventLimits) -> Event | None:
    """Return the next event, or None at the end of the connection.

    The package wyoming reads as many bytes as a header announces.

    Raises
    ------
    ValueError
        If it is malformed or over a limit. What follows cannot be read then.
    IncompleteReadError, OSError
        If the connection ends inside an event.
    """
    from wyoming.event import Event

    line = await reader.readline()
    if not line:
        return None
    header = _json_object(line, "header")
    kind, data = header.get("type"), header.get("data", {})
    if not isinstance(kind, str):
        raise ValueError("the event has no type")
    if not isinstance(data, dict):
        raise ValueError("the event's data is not an object")
    if n_bytes := _length(header, "data_length", limits.data):
        data = {**data, **_json_object(await reader.readexactly(n_bytes), "data")}
    n_bytes = _length(header, "payload_length", limits.payload)
    return Event(kind, data, await reader.readexactly(n_bytes) if n_bytes else None)


def _length(header: dict[str, Any], name: str, limit: int) -> int:
    value = header.get(name) or 0
    if not isinstance(value, int) or not 0 <= value <= limit:
        raise ValueError(f"{name} is {str(value)[:40]}; at most {limit} bytes are read")
    return value


def _json_object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = load_json(text)
    except ValueError as error:
        raise ValueError(f"the event's {what} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"the event's {what} is not an object")
    return value


class WyomingConnection:
    """One connection; use it with `async with`.

    Parameters
    ----------
    uri : str
        `tcp://host:port` or `unix:///path`.
    timeout_s : float
        Longest wait for the connection, and for an event in `receive`.

    Raises
    ------
    MissingExtraError
        If the package wyoming is not installed.
    ValueError
        If the address has another form.
    ServiceUnavailableError, ServiceTimeoutError
        On entry, if there is no connection.
    """

    def __init__(self, uri: str, *, timeout_s: float) -> None:
        require("wyoming", "wyoming")
        check_uri(uri)
        check_timeout("timeout_s", timeout_s)
        self.uri = uri
        self._timeout_s = timeout_s

    async def __aenter__(self) -> WyomingConnection:
        try:
            self._reader, self._writer = await within(
                _open(self.uri), self._timeout_s, f"{self.uri}: no connection"
            )
        except OSError as error:
            raise ServiceUnavailableError(f"{self.uri}: no connection: {error}") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await close(self._writer)

    async def send(self, message: Event | Eventable) -> None:
        """Send an event, or an object that makes one, such as `Synthesize(...)`."""
        from wyoming.event import async_write_event

        event: Event = message.event() if hasattr(message, "event") else message
        try:
            await within(
                async_write_event(event, self._writer),
                self._timeout_s,
                f"{self.uri}: accepted no data",
            )
        except OSError as error:
            raise ServiceTruncatedError(f"{self.uri}: the connection broke: {error}") from error

    async def receive(self, *, timed: bool = True) -> Event:
        """Return the next event; `timed=False` waits without limit.

        Raises
        ------
        ServiceTruncatedError
            If the service closed the connection.
        ServiceRefusedError
            If it sent an error event or something malformed.
        ServiceTimeoutError
            If nothing arrived in time.
        """
        timeout_s = self._timeout_s if timed else None
        try:
            event = await within(
                read_event(self._reader, _CLIENT_LIMITS), timeout_s, f"{self.uri}: sent nothing"
            )
        except (OSError, asyncio.IncompleteReadError) as error:
            raise ServiceTruncatedError(f"{self.uri}: the connection broke: {error}") from error
        except ValueError as error:
            raise ServiceRefusedError(
                f"{self.uri}: sent no valid event: {printable(str(error))}"
            ) from error
        if event is None:
            raise ServiceTruncatedError(f"{self.uri}: the connection closed before the end")
        if event.type == "error":
            code = event.data.get("code")
            text = str(event.data.get("text", "no reason given")) + (f" ({code})" if code else "")
            raise ServiceRefusedError(f"{self.uri}: {printable(text)}")
        return event

    async def describe(self) -> Info:
        """Ask the service for its capabilities."""
        from wyoming.info import Describe, Info

        await self.send(Describe())
        while True:
            event = await self.receive()
            if Info.is_type(event.type):
                try:
                    return Info.from_event(event)
                except BAD_EVENT as error:
                    raise ServiceRefusedError(
                        f"{self.uri}: its info is malformed: {error!r}"
                    ) from error


async def _open(uri: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlparse(uri)
    if address.scheme == "unix":
        return await asyncio.open_unix_connection(address.path)
    return await asyncio.open_connection(address.hostname, address.port)


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection; cut it off if the peer does not take what was written."""
    writer.close()
    try:
        await within(writer.wait_closed(), _CLOSE_TIMEOUT_S, "the connection did not close")
    except (OSError, ServiceTimeoutError):  # the peer may have closed it already
        writer.transport.abort()


def check_uri(uri: str) -> None:
    """Raise `ValueError` if this is not `tcp://host:port` or `unix:///path`."""
    check_type("uri", uri, str)
    parsed = urlparse(uri)
    try:
        port = parsed.port
    except ValueError as error:
        raise ValueError(f"uri {uri!r}: {error}") from None
    if parsed.scheme == "tcp" and parsed.hostname and port:
        return
    if parsed.scheme == "unix" and parsed.path:
        if not hasattr(socket, "AF_UNIX"):  # Python on Windows
            raise ValueError(f"this system's Python has no unix:// sockets: {uri!r}")
        return
    raise ValueError(f"give the uri of the service as tcp://HOST:PORT or unix:///PATH, not {uri!r}")
