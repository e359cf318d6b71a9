"""What the standard library's asyncio lacks in the oldest Python that is supported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from pywakeword.errors import ServiceTimeoutError

_T = TypeVar("_T")


@asynccontextmanager
async def closing(generator: AsyncGenerator[_T, None]) -> AsyncIterator[AsyncGenerator[_T, None]]:
    """Close an asynchronous generator on the way out (`contextlib.aclosing`, Python 3.10)."""
    try:
        yield generator
    finally:
        await generator.aclose()


async def within(awaitable: Awaitable[_T], timeout_s: float | None, what: str) -> _T:
    """Await; `ServiceTimeoutError` says `what` was waited for if it takes too long.

    `asyncio.wait_for` loses a cancellation that comes when the result is just there
    (until Python 3.12), and the work would go on.
    """
    task = asyncio.ensure_future(awaitable)
    try:
        done, _ = await asyncio.wait({task}, timeout=timeout_s)
    except asyncio.CancelledError:
        await _cancel(task)
        raise
    if not done:
        await _cancel(task)
        raise ServiceTimeoutError(f"{what} for {timeout_s:g} s")
    return task.result()


async def _cancel(task: asyncio.Future[_T]) -> None:
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # is of no interest any more, and must not be reported as unseen
