from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("zeroconf", reason="needs the extra 'zeroconf'")

from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from pywakeword.wyoming.discovery import SERVICE_TYPE, Discovery

LOOPBACK = ["127.0.0.1"]


def test_the_service_is_found_while_it_is_announced() -> None:
    async def look(asker: AsyncZeroconf, timeout_ms: int) -> AsyncServiceInfo | None:
        return await asker.async_get_service_info(
            SERVICE_TYPE, f"kitchen.{SERVICE_TYPE}", timeout=timeout_ms
        )

    async def run() -> None:
        asker = AsyncZeroconf(interfaces=LOOPBACK)
        try:
            async with Discovery("tcp://127.0.0.1:10400", "kitchen", interfaces=LOOPBACK):
                found = await look(asker, 5000)
                assert found is not None
                assert (found.parsed_addresses(), found.port) == (LOOPBACK, 10400)
            other = AsyncZeroconf(interfaces=LOOPBACK)
            try:
                assert await look(other, 300) is None
            finally:
                await other.async_close()
        finally:
            await asker.async_close()

    asyncio.run(run())


def test_only_tcp_can_be_announced() -> None:
    with pytest.raises(ValueError, match="only a tcp:// service"):
        Discovery("unix:///run/wake")
