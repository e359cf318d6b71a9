"""Runs a network once for all that arrives together: snippets to score, or speech."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pywakeword.errors import VerifierUnavailableError
from pywakeword.verifier.contract import Verdict
from pywakeword.verifier.server.transcription.messages import Transcription

Item = TypeVar("Item")
Result = TypeVar("Result", Verdict, Transcription)


@dataclass
class _Waiting(Generic[Item, Result]):
    item: Item
    result: asyncio.Future[Result]
    since_s: float


class Batcher(Generic[Item, Result]):
    """Gathers items while the previous batch is being worked on.

    It needs no timer: an idle network takes a single item at once, and batches grow with
    the load.

    Parameters
    ----------
    work : callable
        From a list of items to a list of results; runs in a thread of its own.
    max_batch : int
        Most items per batch.
    max_waiting : int
        Most waiting items; further ones are refused as "busy".
    observe_batch : callable, optional
        Called with the size of each batch.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], list[Result]],
        *,
        max_batch: int = 32,
        max_waiting: int = 256,
        observe_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._work: Callable[[list[Item]], list[Result]] = work
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._observe_batch = observe_batch
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._runner: asyncio.Task[None] | None = None
        self._busy_since_s: float | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pywakeword-batches")

    @property
    def n_waiting(self) -> int:
        """Number of items that wait."""
        return len(self._waiting)

    def stuck_s(self) -> float:
        """Return the run time of the batch in progress; 0 when idle."""
        return 0.0 if self._busy_since_s is None else time.monotonic() - self._busy_since_s

    async def run(self, item: Item) -> Result:
        """Return the result of one item; `VerifierUnavailableError` "busy" above the limit."""
        if len(self._waiting) >= self._max_waiting:
            raise VerifierUnavailableError(
                "busy", f"{self._max_waiting} requests are already waiting", retry_after_s=1.0
            )
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(item, future, time.monotonic())
        self._waiting.append(waiting)
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        try:
            return await future
        except asyncio.CancelledError:
            # Nobody wants it any more: an item that is not in a batch yet is dropped.
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            raise

    async def aclose(self) -> None:
        """Work on what waits, and end the thread."""
        if self._runner is not None:
            await self._runner
        self._thread.shutdown()

    async def _run(self) -> None:
        try:
            while self._waiting:
                n_taken = min(self._max_batch, len(self._waiting))
                await self._run_batch([self._waiting.popleft() for _ in range(n_taken)])
        finally:
            self._runner = None

    async def _run_batch(self, batch: list[_Waiting[Item, Result]]) -> None:
        self._observe_batch(len(batch))
        items = [waiting.item for waiting in batch]
        started_s = self._busy_since_s = time.monotonic()
        try:
            results = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._work, items
            )
        except Exception as error:
            for waiting in batch:
                if not waiting.result.done():
                    waiting.result.set_exception(error)
            return
        finally:
            self._busy_since_s = None
        ended_s = time.monotonic()
        for waiting, result in zip(batch, results):
            if not waiting.result.done():
                timings_ms = {
                    "queue": round(1000 * (started_s - waiting.since_s), 3),
                    "score": round(1000 * (ended_s - started_s), 3),
                }
                waiting.result.set_result(replace(result, timings_ms=timings_ms))
