"""`Verifier`: the client for programs without an event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from pywakeword.errors import VerifierUnavailableError
from pywakeword.events import Detection
from pywakeword.verifier.client import AsyncVerifier, VerifierCounts
from pywakeword.verifier.contract import Verdict
from pywakeword.verifier.policy import Decision


class Verifier:
    """An `AsyncVerifier` on a thread of its own; it takes the same parameters.

    `submit` may be called from the thread that feeds the detector: it never waits.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="pywakeword-verifier", daemon=True
        )
        self._lock = threading.Lock()
        self._open: set[Future[Any]] = set()
        self._closed = False
        try:
            self._verifier = AsyncVerifier(url, **options)
        except BaseException:
            self._loop.close()
            raise
        self._thread.start()

    @property
    def counts(self) -> VerifierCounts:
        """What became of the candidates so far."""
        return self._verifier.counts

    def submit(self, detection: Detection) -> Future[Decision]:
        """Ask about a candidate and return at once.

        Returns
        -------
        Future of Decision
            Done within the policy's deadline. Callbacks added to it run on the
            verifier's thread and must be short.

        Raises
        ------
        VerifierUnavailableError
            "closed", after `close`.
        """
        detected_at = time.monotonic()
        return self._start(lambda: self._verifier.verify(detection, detected_at=detected_at))

    def verify(self, detection: Detection) -> Decision:
        """Decide on a candidate; waits, at most for the policy's deadline."""
        return self.submit(detection).result()

    def ask(self, detection: Detection) -> Verdict:
        """Return the verdict on a candidate whatever its score, or raise a `VerifierError`."""
        verdict: Future[Verdict] = self._start(lambda: self._verifier.ask(detection))
        return verdict.result()

    def close(self) -> None:
        """Wait for what is under way, at most for the deadline, and end the thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            under_way = list(self._open)
        wait(under_way)
        asyncio.run_coroutine_threadsafe(self._verifier.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _start(self, make: Callable[[], Any]) -> Future[Any]:
        with self._lock:
            if self._closed:
                raise VerifierUnavailableError("closed", "the verifier is closed")
            future = asyncio.run_coroutine_threadsafe(make(), self._loop)
            self._open.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._open.discard(future)
