"""`Verifier`: the client for programs without an event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pywakeword.errors import VerifierUnavailableError
from pywakeword.events import Detection
from pywakeword.verifier.breaker import CircuitBreaker
from pywakeword.verifier.client import AsyncVerifier
from pywakeword.verifier.contract import Verdict
from pywakeword.verifier.http import TokenSupplier
from pywakeword.verifier.policy import VerifierPolicy
from pywakeword.verifier.result import VerifierCounts, VerifierResult

if TYPE_CHECKING:
    import httpx

_T = TypeVar("_T")


class Verifier:
    """An `AsyncVerifier` on a thread of its own, with the same parameters.

    `submit` never waits, so the thread that feeds the detector may call it.
    """

    def __init__(
        self,
        url: str,
        *,
        thresholds: Mapping[str, float],
        policy: VerifierPolicy | None = None,
        token: TokenSupplier | None = None,
        client_cert: tuple[str, str] | None = None,
        ca_file: str | None = None,
        allow_plain_http: bool = False,
        encoding: str = "s16le",
        breaker: CircuitBreaker | None = None,
        max_pending: int = 8,
        sent_log: str | Path | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="pywakeword-verifier", daemon=True
        )
        self._lock = threading.Lock()
        self._open: set[Future[Any]] = set()
        self._closed = False
        try:
            self._verifier = AsyncVerifier(
                url,
                thresholds=thresholds,
                policy=policy,
                token=token,
                client_cert=client_cert,
                ca_file=ca_file,
                allow_plain_http=allow_plain_http,
                encoding=encoding,
                breaker=breaker,
                max_pending=max_pending,
                sent_log=sent_log,
                transport=transport,
            )
        except BaseException:
            self._loop.close()
            raise
        self._thread.start()

    @property
    def counts(self) -> VerifierCounts:
        """Number of candidates so far, by what decided on them."""
        return self._verifier.counts

    def submit(self, detection: Detection) -> Future[VerifierResult]:
        """Start verifying a candidate and return at once.

        Returns
        -------
        Future of VerifierResult
            Done within the policy's deadline. Callbacks added to it run on the
            verifier's thread and must be short.

        Raises
        ------
        VerifierUnavailableError
            "closed", after `close`.
        """
        detected_at = time.monotonic()
        return self._start(lambda: self._verifier.verify(detection, detected_at=detected_at))

    def verify(self, detection: Detection) -> VerifierResult:
        """Verify a candidate; waits no longer than the policy's deadline."""
        return self.submit(detection).result()

    def ask(self, detection: Detection) -> Verdict:
        """Return the verifier's verdict whatever the device's score, or raise a `VerifierError`."""
        return self._start(lambda: self._verifier.ask(detection)).result()

    def close(self) -> None:
        """Finish the open requests, which the deadline bounds, and end the thread."""
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

    def _start(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> Future[_T]:
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
