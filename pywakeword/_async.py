"""Helpers that asyncio lacks in the oldest supported Python."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from pywakeword.errors import ServiceTimeoutError

_T = TypeVar("_T")


@asynccontextmanager
async def closing(generator: AsyncGenerator[_T, None]) -> AsyncIterator[AsyncGenerator[_T, None]]:
    """Close an asynchronous generator on exit, like `contextlib.aclosing` of Python 3.10."""
    try:
        yield generator
    finally:
        await generator.aclose()


async def within(awaitable: Awaitable[_T], timeout_s: float | None, what: str) -> _T:
    """Await with a timeout; `ServiceTimeoutError` begins with `what`.

    Before Python 3.12, `asyncio.wait_for` can lose a cancellation that arrives together with the
    result.
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
        task.exception()  # marks it as retrieved, so that asyncio does not report it
