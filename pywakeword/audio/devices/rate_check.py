"""Whether a device still records at the rate that was agreed."""

from __future__ import annotations


class RateCheck:
    """Notices a device that no longer keeps the rate that was agreed, by its own clock.

    Such a device goes on as if nothing had happened, and everything sounds too high or too
    low. Clocks are off by a tenth of a percent, and so are time stamps of single blocks;
    rates in use differ by a third and more.

    Parameters
    ----------
    rate_hz : int
        Samples per second that were agreed.
    """

    _WINDOW_S = 4.0
    _TOLERANCE = 0.2

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._begin_s: float | None = None
        self._n_samples = 0

    def measure(self, n_samples: int, begin_s: float | None) -> float | None:
        """Return the rate if it is another one, else None.

        Parameters
        ----------
        n_samples : int
            Of this block.
        begin_s : float or None
            When it began to be recorded; None if what came before it was lost.
        """
        elapsed_s = 0.0 if begin_s is None or self._begin_s is None else begin_s - self._begin_s
        rate_hz = self._n_samples / elapsed_s if elapsed_s >= self._WINDOW_S else None
        if elapsed_s <= 0 or rate_hz is not None:  # a new window
            self._begin_s, self._n_samples = begin_s, 0
        self._n_samples += n_samples
        if rate_hz is None or abs(rate_hz / self._rate_hz - 1) <= self._TOLERANCE:
            return None
        return rate_hz
