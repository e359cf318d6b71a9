"""Announces the service by multicast DNS, so that Home Assistant finds it."""

from __future__ import annotations

import ipaddress
import socket
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from pywakeword._extras import require

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

SERVICE_TYPE = "_wyoming._tcp.local."


class Discovery:
    """Announces a service during an `async with` block. Needs the extra `zeroconf`.

    Parameters
    ----------
    uri : str
        The service's `tcp://host:port`. For a host that means every address (0.0.0.0), the
        address on the local network is announced.
    name : str, optional
        Name of this instance. Default: `pywakeword-` and the host's name.
    interfaces : sequence of str, optional
        Addresses of the interfaces to announce on. Default: all.

    Raises
    ------
    MissingExtraError
        If zeroconf is not installed.
    ValueError
        If the service is not on TCP.
    """

    def __init__(
        self, uri: str, name: str | None = None, *, interfaces: list[str] | None = None
    ) -> None:
        self._zeroconf = require("zeroconf", "zeroconf")
        self._asyncio = require("zeroconf.asyncio", "zeroconf")
        address = urlparse(uri)
        if address.scheme != "tcp" or not address.hostname or not address.port:
            raise ValueError(f"only a tcp:// service can be announced, not {uri!r}")
        self._host = address.hostname
        self._port = address.port
        self._name = name or f"pywakeword-{socket.gethostname()}"
        self._interfaces = interfaces
        self._running: AsyncZeroconf | None = None

    async def __aenter__(self) -> Discovery:
        info = self._asyncio.AsyncServiceInfo(
            SERVICE_TYPE,
            f"{self._name}.{SERVICE_TYPE}",
            parsed_addresses=[_address(self._host)],
            port=self._port,
        )
        choice = self._interfaces or self._zeroconf.InterfaceChoice.All
        self._running = self._asyncio.AsyncZeroconf(interfaces=choice)
        try:
            # Returns after the announcement; fails if the name is already in use.
            await (await self._running.async_register_service(info))
        except BaseException:
            await self._running.async_close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._running is not None
        await self._running.async_unregister_all_services()
        await self._running.async_close()


def _address(host: str) -> str:
    """Return the address to announce for a service bound to this host."""
    found = socket.getaddrinfo(host, None)[0][4][0]
    if not ipaddress.ip_address(found).is_unspecified:
        return str(found)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("224.0.0.251", 5353))  # sends nothing; looks up the route
        return str(probe.getsockname()[0])
