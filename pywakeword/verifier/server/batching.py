"""Scores the snippets that arrive together in one run of the network."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from pywakeword.errors import VerifierUnavailableError
from pywakeword.verifier.contract import Verdict
from pywakeword.verifier.scorer import Scorer
from pywakeword.verifier.snippet import Snippet


@dataclass
class _Waiting:
    snippet: Snippet
    verdict: asyncio.Future[Verdict]
    since_s: float


class Batcher:
    """Gathers snippets while the previous batch is being scored.

    It needs no timer: an idle scorer takes a single snippet at once, and batches grow with
    the load.

    Parameters
    ----------
    scorer : Scorer
        Runs in a thread of its own.
    max_batch : int
        Most snippets per batch.
    max_waiting : int
        Most waiting snippets; further ones are refused as "busy".
    observe_batch : callable, optional
        Called with the size of each batch.
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        max_batch: int = 32,
        max_waiting: int = 256,
        observe_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._scorer = scorer
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._observe_batch = observe_batch
        self._waiting: deque[_Waiting] = deque()
        self._runner: asyncio.Task[None] | None = None
        self._busy_since_s: float | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pywakeword-scorer")

    @property
    def n_waiting(self) -> int:
        """Number of snippets that wait to be scored."""
        return len(self._waiting)

    def stuck_s(self) -> float:
        """Return the run time of the batch in progress; 0 when idle."""
        return 0.0 if self._busy_since_s is None else time.monotonic() - self._busy_since_s

    async def score(self, snippet: Snippet) -> Verdict:
        """Return the verdict on one snippet; `VerifierUnavailableError` "busy" above the limit."""
        if len(self._waiting) >= self._max_waiting:
            raise VerifierUnavailableError(
                "busy", f"{self._max_waiting} snippets are already waiting", retry_after_s=1.0
            )
        waiting = _Waiting(snippet, asyncio.get_running_loop().create_future(), time.monotonic())
        self._waiting.append(waiting)
        if self._runner is None:
            self._runner = asyncio.create_task(self._run())
        try:
            return await waiting.verdict
        except asyncio.CancelledError:
            # The client has gone: a snippet that is not scored yet is dropped.
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            raise

    async def aclose(self) -> None:
        """Score the waiting snippets and end the thread."""
        if self._runner is not None:
            await self._runner
        self._thread.shutdown()

    async def _run(self) -> None:
        try:
            while self._waiting:
                n_taken = min(self._max_batch, len(self._waiting))
                await self._score_batch([self._waiting.popleft() for _ in range(n_taken)])
        finally:
            self._runner = None

    async def _score_batch(self, batch: list[_Waiting]) -> None:
        self._observe_batch(len(batch))
        snippets = [waiting.snippet for waiting in batch]
        started_s = self._busy_since_s = time.monotonic()
        try:
            verdicts = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._scorer.score, snippets
            )
        except Exception as error:
            for waiting in batch:
                if not waiting.verdict.done():
                    waiting.verdict.set_exception(error)
            return
        finally:
            self._busy_since_s = None
        ended_s = time.monotonic()
        for waiting, verdict in zip(batch, verdicts):
            if not waiting.verdict.done():
                timings_ms = {
                    "queue": round(1000 * (started_s - waiting.since_s), 3),
                    "score": round(1000 * (ended_s - started_s), 3),
                }
                waiting.verdict.set_result(replace(verdict, timings_ms=timings_ms))
