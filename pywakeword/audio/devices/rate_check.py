"""`RateCheck`: whether a device still records at the sample rate it was opened with."""

from __future__ import annotations


class RateCheck:
    """Compares the sample rate with the device's own time stamps.

    A device that changes its rate reports no error, but the audio is then too high or too
    low. Device clocks deviate by 0.1 %, and so do the time stamps of single blocks; common
    sample rates differ by a third or more.

    Parameters
    ----------
    rate_hz : int
        Sample rate that the device was opened with.
    """

    _WINDOW_S = 4.0
    _TOLERANCE = 0.2

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._begin_s: float | None = None
        self._n_samples = 0

    def measure(self, n_samples: int, begin_s: float | None) -> float | None:
        """Return the measured rate if it is another one, else None.

        Parameters
        ----------
        n_samples : int
            Length of this block.
        begin_s : float or None
            Time when its recording began; None if audio before it was lost.
        """
        elapsed_s = 0.0 if begin_s is None or self._begin_s is None else begin_s - self._begin_s
        rate_hz = self._n_samples / elapsed_s if elapsed_s >= self._WINDOW_S else None
        if elapsed_s <= 0 or rate_hz is not None:  # a new window
            self._begin_s, self._n_samples = begin_s, 0
        self._n_samples += n_samples
        if rate_hz is None or abs(rate_hz / self._rate_hz - 1) <= self._TOLERANCE:
            return None
        return rate_hz
