"""`SampleClock`: time measured in samples of audio."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Collection

from pywakeword._checks import check_number
from pywakeword.audio.pcm import SAMPLE_RATE_HZ

# The session's task that the running code belongs to; the tasks it starts inherit it.
_owner: contextvars.ContextVar[asyncio.Task[None] | None] = contextvars.ContextVar(
    "pywakeword_session_task", default=None
)


class SampleClock:
    """Counts the samples that a session has consumed.

    Code that waits for audio time sleeps here. On a file, a session then runs as fast as
    possible and still waits for the right sample.
    """

    def __init__(self) -> None:
        self._now = 0
        self._waiting: dict[asyncio.Future[None], Callable[[], bool]] = {}
        self._owners: dict[asyncio.Future[None], asyncio.Task[None] | None] = {}
        self._someone_waits = asyncio.Event()

    @property
    def now(self) -> int:
        """Samples consumed so far."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until this much more audio has been consumed."""
        check_number("seconds", seconds)
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"seconds must not be negative and be finite, got {seconds!r}")
        wanted = self._now + round(seconds * SAMPLE_RATE_HZ)
        await self.until(lambda: self._now >= wanted)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds; it is checked each time audio has been consumed."""
        if condition():
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting[future] = condition
        self._owners[future] = _owner.get()
        self._someone_waits.set()
        try:
            await future
        finally:
            del self._waiting[future], self._owners[future]

    def advance(self, n_samples: int) -> None:
        """Count audio, and wake the tasks whose condition holds."""
        self._now += n_samples
        for future, condition in self._waiting.items():
            if not future.done() and condition():
                future.set_result(None)

    async def settle(self, tasks: Collection[asyncio.Task[None]]) -> None:
        """Wait until each task is done or waits for audio."""
        while True:
            asleep = {owner for future, owner in self._owners.items() if not future.done()}
            busy = [task for task in tasks if not task.done() and task not in asleep]
            if not busy:
                return
            self._someone_waits.clear()
            waits = asyncio.ensure_future(self._someone_waits.wait())
            await asyncio.wait([*busy, waits], return_when=asyncio.FIRST_COMPLETED)
            waits.cancel()

    def adopt(self) -> None:
        """Count the tasks that the current task starts as the current task when they wait."""
        _owner.set(asyncio.current_task())
