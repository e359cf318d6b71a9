"""Stops asking a verifier that fails again and again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class CircuitBreaker:
    """Closed, open, or half open with one probe under way.

    Parameters
    ----------
    failures : int
        So many failures within `window_s` open it.
    window_s, open_s : float
        How long a failure counts, and how long it stays open before one request is let
        through as a probe. If that succeeds it closes, otherwise it stays open as long again.
    clock : callable
        Seconds, monotonic.
    """

    def __init__(
        self,
        failures: int = 5,
        window_s: float = 30.0,
        open_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if failures < 1 or window_s <= 0 or open_s < 0:
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
        """Tell whether a request may go out; its outcome must then be reported."""
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
        """Report that it did not."""
        now = self._clock()
        self._failed_at.append(now)
        recent = len(self._failed_at) == self._limit and now - self._failed_at[0] <= self._window_s
        if self._probing or recent:
            self._opened_at = now
        self._probing = False
