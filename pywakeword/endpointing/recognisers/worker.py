"""`WorkerThread`: does work in one thread, in order; what was cancelled is skipped."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
Work = Callable[[Callable[[], bool]], T]


class Job(Generic[T]):
    """Work for the thread. Its future is cancelled if the work was not done."""

    def __init__(self, work: Work[T]) -> None:
        self.future: Future[T] = Future()
        self._work = work
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Drop the work; if it is running, ask it to stop."""
        self._cancelled.set()
        self.future.cancel()

    def run(self) -> None:
        """Do the work, unless it was cancelled."""
        if self._cancelled.is_set():
            return
        # The future is never `running` while the work is done, so that it can be cancelled.
        try:
            found = self._work(self._cancelled.is_set)
        except BaseException as error:
            if self.future.set_running_or_notify_cancel():
                self.future.set_exception(error)
        else:
            if self.future.set_running_or_notify_cancel():
                self.future.set_result(found)


class WorkerThread(Generic[T]):
    """A daemon thread that does one job after the other. The caller never waits.

    The thread starts with the first job. It is a daemon: a job that hangs does not keep the
    program from ending.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[Job[T] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, work: Work[T]) -> Job[T]:
        """Queue work."""
        job = Job(work)
        self._jobs.put(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return job

    def close(self) -> None:
        """End the thread after the queued jobs; it is not waited for."""
        self._jobs.put(None)

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            job.run()
