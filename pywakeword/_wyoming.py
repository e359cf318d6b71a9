"""A client connection to a Wyoming service that raises this package's errors."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from pywakeword._async import within
from pywakeword._extras import require
from pywakeword.errors import (
    ServiceRefusedError,
    ServiceTruncatedError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from wyoming.event import Event, Eventable
    from wyoming.info import Info


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
        from wyoming.client import AsyncClient

        check_uri(uri)
        self.uri = uri
        self._timeout_s = timeout_s
        self._client = AsyncClient.from_uri(uri)

    async def __aenter__(self) -> WyomingConnection:
        try:
            await within(self._client.connect(), self._timeout_s, f"{self.uri}: no connection")
        except OSError as error:
            raise ServiceUnavailableError(f"{self.uri}: no connection: {error}") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The peer may have closed the connection already.
        with contextlib.suppress(OSError):
            await self._client.disconnect()

    async def send(self, message: Event | Eventable) -> None:
        """Send an event, or an object that makes one, such as `Synthesize(...)`."""
        event: Event = message.event() if hasattr(message, "event") else message
        try:
            await within(
                self._client.write_event(event), self._timeout_s, f"{self.uri}: accepted no data"
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
            event = await within(self._client.read_event(), timeout_s, f"{self.uri}: sent nothing")
        except (OSError, asyncio.IncompleteReadError) as error:
            raise ServiceTruncatedError(f"{self.uri}: the connection broke: {error}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise ServiceRefusedError(f"{self.uri}: sent no valid event: {error!r}") from error
        if event is None:
            raise ServiceTruncatedError(f"{self.uri}: the connection closed before the end")
        if event.type == "error":
            code = event.data.get("code")
            text = event.data.get("text", "no reason given")
            raise ServiceRefusedError(f"{self.uri}: {text}" + (f" ({code})" if code else ""))
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
                except (KeyError, TypeError, ValueError) as error:
                    raise ServiceRefusedError(
                        f"{self.uri}: its info is malformed: {error!r}"
                    ) from error


def check_uri(uri: str) -> None:
    """Raise `ValueError` if this is not `tcp://host:port` or `unix:///path`."""
    parsed = urlparse(uri)
    if parsed.scheme == "tcp" and parsed.hostname and parsed.port:
        return
    if parsed.scheme == "unix" and parsed.path:
        if not hasattr(socket, "AF_UNIX"):  # Python on Windows
            raise ValueError(f"this system's Python has no unix:// sockets: {uri!r}")
        return
    raise ValueError(f"give the service as tcp://HOST:PORT or unix:///PATH, not {uri!r}")
