"""`SessionTasks`: what a session does beside listening, one task per name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pywakeword.session.clock import SampleClock


class SessionTasks:
    """Starts tasks by name; a task with the name of an older one replaces it.

    Parameters
    ----------
    clock : SampleClock
        Knows which of the tasks wait for audio.
    """

    def __init__(self, clock: SampleClock) -> None:
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Cancel the task of this name and start another."""
        self.cancel(name)

        async def run() -> None:
            self._clock.adopt()
            await work()

        task = asyncio.ensure_future(run())
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._forget(name, done))

    def cancel(self, name: str) -> None:
        """Cancel the task of this name, unless it is the one that runs this call."""
        task = self._tasks.get(name)
        if task is not None and task is not asyncio.current_task():
            del self._tasks[name]
            task.cancel()

    async def settle(self) -> None:
        """Wait until each task is done or waits for audio."""
        if self._tasks:
            await self._clock.settle(list(self._tasks.values()))

    async def cancel_all(self) -> None:
        """Cancel all tasks and wait for their ends."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
