"""Stops requests to a verifier that keeps failing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from pywakeword._checks import check_integer, check_number

_MOST_FAILURES = 1_000_000


class CircuitBreaker:
    """Closed, open, or half open with one probe in progress.

    Parameters
    ----------
    failures : int
        Number of failures within `window_s` that opens it.
    window_s : float
        Time for which a failure counts.
    open_s : float
        Time for which it stays open before it lets one request through as a probe. It closes
        if the probe succeeds, and stays open for the same time again otherwise.
    clock : callable
        Returns monotonic seconds.
    """

    def __init__(
        self,
        failures: int = 5,
        window_s: float = 30.0,
        open_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check_integer("failures", failures)
        check_number("window_s", window_s)
        check_number("open_s", open_s)
        if not callable(clock):
            raise TypeError(f"clock must be callable, got {clock!r}")
        if failures > _MOST_FAILURES:
            raise ValueError(f"failures must be at most {_MOST_FAILURES}")
        if failures < 1 or not window_s > 0 or not open_s >= 0:
            raise ValueError("failures and window_s must be positive, open_s not negative")
        self._limit = failures
        self._window_s = window_s
        self._open_s = open_s
        self._clock = clock
        self._failed_at: deque[float] = deque(maxlen=failures)
        self._opened_at: float | None = None
        self._probing = False

    @property
    def state(self) -> str:
        """One of "closed", "open", "half_open"."""
        if self._opened_at is None:
            return "closed"
        return "half_open" if self._clock() - self._opened_at >= self._open_s else "open"

    def allow(self) -> bool:
        """Return whether a request may be sent. The caller must then report its outcome."""
        state = self.state
        if state == "half_open" and not self._probing:
            self._probing = True
            return True
        return state == "closed"

    def succeeded(self) -> None:
        """Report that the verifier answered."""
        self._failed_at.clear()
        self._opened_at = None
        self._probing = False

    def failed(self) -> None:
        """Report that the verifier did not answer."""
        now = self._clock()
        self._failed_at.append(now)
        recent = len(self._failed_at) == self._limit and now - self._failed_at[0] <= self._window_s
        if self._probing or recent:
            self._opened_at = now
        self._probing = False
