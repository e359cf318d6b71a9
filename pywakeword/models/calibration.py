"""Finds the threshold for a rate of false accepts, from measured rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pywakeword._checks import check_number
from pywakeword.errors import CalibrationError


@dataclass(frozen=True)
class CalibrationRow:
    """Rates at one threshold, measured on the calibration audio."""

    threshold: float
    false_accepts_per_hour: float
    miss_rate: float


@dataclass(frozen=True)
class Calibration:
    """Measured behaviour of one keyword over its range of thresholds.

    Attributes
    ----------
    negative_hours : float
        Hours of audio without the word, in which false accepts were counted.
    positives : int
        Recordings of the word, in which misses were counted.
    table : tuple of CalibrationRow
        Sorted by threshold. As it rises, false accepts fall and misses rise.
    default_threshold : float
        Used unless the caller chooses another.
    by_playback : mapping of str to Calibration
        Measured while the device plays such a sound and states it, by `DeviceState.playback`.
    by_playback_cancelled : mapping of str to Calibration
        The same on the output of an `EchoCanceller`.
    """

    negative_hours: float
    positives: int
    table: tuple[CalibrationRow, ...]
    default_threshold: float
    by_playback: Mapping[str, Calibration] = field(default_factory=dict, hash=False)
    by_playback_cancelled: Mapping[str, Calibration] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not self.table:
            raise ValueError("the table is empty")
        if self.negative_hours <= 0:
            raise ValueError("negative_hours must be above 0")
        if not 0 < self.default_threshold <= 1:
            raise ValueError("default_threshold must be above 0 and at most 1")
        for row, following in zip(self.table, self.table[1:]):
            if not row.threshold < following.threshold:
                raise ValueError("the table is not sorted by threshold")
            if row.false_accepts_per_hour < following.false_accepts_per_hour:
                raise ValueError("false accepts rise with the threshold")
            if row.miss_rate > following.miss_rate:
                raise ValueError("misses fall with the threshold")

    def while_playing(self, playback: str, *, echo_cancelled: bool = False) -> Calibration:
        """Return the calibration of a playback state, or this one if it has none of its own.

        Where the output of an `EchoCanceller` was not measured, what was measured without one
        counts.
        """
        own = self.by_playback.get(playback, self)
        return self.by_playback_cancelled.get(playback, own) if echo_cancelled else own

    @property
    def lowest_rate(self) -> float:
        """Lowest rate of false accepts per hour that the table supports.

        The measurement cannot resolve rates below one false accept in all of the negative
        audio, `1 / negative_hours`. If the strictest row has a higher rate, that is the limit.
        """
        return max(1 / self.negative_hours, self.table[-1].false_accepts_per_hour)

    def threshold_for(self, false_accepts_per_hour: float) -> float:
        """Return the smallest threshold of the table with at most that rate.

        Raises
        ------
        CalibrationError
            If the rate is below `lowest_rate`.
        """
        check_number("false_accepts_per_hour", false_accepts_per_hour)
        if not false_accepts_per_hour >= self.lowest_rate:
            raise CalibrationError(
                f"{float(false_accepts_per_hour):g} false accepts per hour is too low: the model "
                f"was measured on {self.negative_hours:.3g} h of negative audio, which supports "
                f"{self.lowest_rate:.3g} per hour and above"
            )
        return next(
            row.threshold
            for row in self.table
            if row.false_accepts_per_hour <= false_accepts_per_hour
        )

    def row_for(self, threshold: float) -> CalibrationRow:
        """Return the strictest row that a threshold reaches, or the first of the table."""
        check_number("threshold", threshold)
        reached = [row for row in self.table if row.threshold <= threshold]
        return reached[-1] if reached else self.table[0]
