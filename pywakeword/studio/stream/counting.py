"""Counts what a detector would report at many thresholds, in one pass over its scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# As in the core: a word is reported this many scores after the crossing, or when it falls.
_HOLD_OUTPUTS = 2


class ThresholdCounter:
    """Counts detections of one word at each of many thresholds.

    It follows the core's rule: a crossing opens a candidate, which is reported when the score
    falls or a little later; then the score must fall below the threshold, and the refractory
    time must be over. The core holds some candidates up to 160 ms longer, which moves the
    refractory time by as much.

    Parameters
    ----------
    thresholds : sequence of float
        In any order.
    refractory_outputs : int
        Refractory time in scores.
    """

    def __init__(self, thresholds: Sequence[float], refractory_outputs: int) -> None:
        self._thresholds = np.asarray(thresholds, np.float32)
        self._refractory = refractory_outputs
        n = len(self._thresholds)
        self.counts = np.zeros(n, np.int64)
        self._armed = np.ones(n, bool)
        self._held = np.full(n, -1)  # scores since the crossing; -1 without a candidate
        self._quiet_until = np.zeros(n, np.int64)
        self._now = 0

    def process(self, scores: npt.NDArray[np.float32]) -> None:
        """Consume scores in order."""
        for score in scores:
            self._now += 1
            above = self._thresholds <= score
            self._armed |= ~above & (self._held < 0)
            opens = self._armed & above & (self._held < 0) & (self._quiet_until <= self._now)
            self._held[self._held >= 0] += 1
            self._held[opens] = 0
            reported = (self._held >= 0) & (~above | (self._held >= _HOLD_OUTPUTS))
            if reported.any():
                self.counts[reported] += 1
                self._held[reported] = -1
                self._armed[reported] = ~above[reported]
                self._quiet_until[reported] = self._now + self._refractory
