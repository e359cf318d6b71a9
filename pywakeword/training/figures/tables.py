"""The calibration of a card: rates over thresholds, and the threshold that is the default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.measure.evaluation import calibration_table, frr_at_fa

_THRESHOLDS = [
    *np.arange(0.05, 0.5, 0.05).round(2),
    *np.arange(0.5, 0.9, 0.02).round(2),
    *np.arange(0.9, 0.985, 0.01).round(2),
    0.985,
    0.99,
    0.993,
    0.995,
    0.997,
    0.998,
    0.999,
]
_DEFAULT_RATE = 0.5
# What the takes of a word are, by `Conditions.takes_of`.
TAKES = {
    "recordings": "split=dev",
    "natural voices": "no recordings of people, voices held out from training",
    "simple synthesisers": "no recordings of people, simple synthesisers held out from training",
}
LEAST_DEFAULT = 0.5


def calibration(
    best: Sequence[float],
    negative_peaks: npt.NDArray[Any],
    hours: float,
    conditions: str,
    rate: float | None = None,
) -> dict[str, Any]:
    """Return a calibration as a card has it.

    Parameters
    ----------
    best : sequence of float
        Highest score per take of the word.
    negative_peaks : (n_peaks,) ndarray
        Peaks of the scores of all negatives.
    hours : float
        Their length.
    conditions : str
        What was measured, in words.
    rate : float, optional
        False accepts per hour at the default threshold. Default: 0.5.
    """
    rate = _DEFAULT_RATE if rate is None else rate
    table = calibration_table(best, negative_peaks, hours, [float(t) for t in _THRESHOLDS])
    wanted = frr_at_fa(best, negative_peaks, hours, rate).threshold
    least = max(wanted, LEAST_DEFAULT)
    default = next((r.threshold for r in table if r.threshold >= least), table[-1].threshold)
    return {
        "negative_hours": round(hours, 3),
        "positives": len(best),
        "default_threshold": default,
        "table": [
            {
                "threshold": r.threshold,
                "miss_rate": round(r.miss_rate, 4),
                "false_accepts_per_hour": round(r.false_accepts_per_hour, 4),
            }
            for r in table
        ],
        "conditions": conditions,
    }
