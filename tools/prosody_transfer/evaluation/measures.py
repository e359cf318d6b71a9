"""Measures of the agreement between two contours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pywakeword.measure.evaluation import around

Array = npt.NDArray[np.floating]
_GROSS_OCTAVES = float(np.log2(1.2))


def pitch_agreement(
    source_hz: Array, made_octaves: Array, made_voicing: Array
) -> tuple[float, float, float]:
    """Compare log F0 where both are voiced, each relative to its mean.

    Parameters
    ----------
    source_hz : (n,) ndarray
        F0 of the source, 0 where unvoiced.
    made_octaves, made_voicing : (n,) ndarray
        log F0 and voicing (0 to 1) from the decoder.

    Returns
    -------
    correlation : float
        Pearson's; NaN with fewer than 10 frames voiced in both.
    gross_error : float
        Share of these frames that differ by more than 20 %, after removing both means: the
        register of the target speaker is not an error.
    voicing_error : float
        Share of all frames that are voiced in only one of the two.
    """
    voiced = made_voicing > 0.5
    both = (source_hz > 0) & voiced
    voicing_error = float(np.mean((source_hz > 0) != voiced))
    if both.sum() < 10:
        return float("nan"), float("nan"), voicing_error
    source = np.log2(source_hz[both])
    source, made = source - source.mean(), made_octaves[both] - made_octaves[both].mean()
    spread = float(np.sqrt((source**2).mean() * (made**2).mean()))
    correlation = float((source * made).mean()) / spread if spread > 1e-9 else 0.0
    return correlation, float(np.mean(np.abs(source - made) > _GROSS_OCTAVES)), voicing_error


def energy_correlation(source_mel: Array, made_mel: Array, spoken: npt.NDArray[np.bool_]) -> float:
    """Return Pearson's correlation of mean log mel energy over the spoken frames."""
    one, other = source_mel[spoken].mean(1), made_mel[spoken].mean(1)
    return float(np.corrcoef(one, other)[0, 1])


def duration_errors_s(ends_s: Array, wanted_ends_s: Array) -> tuple[float, float]:
    """Return the mean absolute error of phone durations and of phone ends, in seconds."""
    durations = np.abs(np.diff(ends_s, prepend=0) - np.diff(wanted_ends_s, prepend=0))
    return float(durations.mean()), float(np.abs(ends_s - wanted_ends_s).mean())


def interval(values: Array, groups: Sequence[str], *, draws: int = 1000) -> tuple[float, ...]:
    """Return the mean and its 95 % interval, by bootstrap over groups (source speakers)."""
    known = ~np.isnan(values)
    names = sorted({group for group, ok in zip(groups, known) if ok})
    place = {name: i for i, name in enumerate(names)}
    sums, counts = np.zeros(len(names)), np.zeros(len(names))
    for value, group, ok in zip(values, groups, known):
        if ok:
            sums[place[group]] += value
            counts[place[group]] += 1
    drawn = np.random.default_rng(3).integers(0, len(names), (draws, len(names)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    mean = float(sums.sum() / counts.sum())
    return (mean, *around(mean, float(low), float(high)))
