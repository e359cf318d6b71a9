"""Computes misses and false accepts from scores, for `pywakeword evaluate` and training.

One pass over the audio serves every threshold. `WakeWord.scores` returns the smoothed scores
(`pywakeword.measure.scanning` collects them), and `peaks` reduces them to the values at which
a detector would fire: a threshold at or below a peak reports it. Peaks closer together than
the refractory time count once, as the highest, so the number of peaks at or above a threshold
is the number of its detections.

The running detector differs in one case: it keeps the *first* crossing of a group and ignores
the refractory time after it. For three peaks, each within the refractory time of the next and
the middle one the highest, it may report two detections where this module counts one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pywakeword._checks import check_integer, check_number
from pywakeword.errors import CalibrationError
from pywakeword.models.calibration import CalibrationRow

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class OperatingPoint:
    """Misses at the threshold for a given rate of false accepts.

    `false_accepts_per_hour` is the requested rate, `measured_false_accepts` the number at the
    threshold. `frr_low` and `frr_high` are the 95 % Wilson interval of the false reject rate.
    """

    false_accepts_per_hour: float
    threshold: float
    measured_false_accepts: int
    misses: int
    positives: int
    frr: float
    frr_low: float
    frr_high: float


def peaks(scores: Floats, frame_shift_s: float, refractory_s: float) -> Floats:
    """Return the scores at which a detector would fire, highest first.

    Parameters
    ----------
    scores : (n_frames,) ndarray of float
        Smoothed scores of one keyword over one stream.
    frame_shift_s : float
        Seconds between two scores.
    refractory_s : float
        Peaks closer together than this count once, as the highest.

    Returns
    -------
    (n_peaks,) ndarray
        Values without times. Concatenate the peaks of streams to join them.
    """
    _numbers("scores", scores)
    scores = np.asarray(scores)
    _check_range("frame_shift_s", frame_shift_s, at_least=1e-6)
    _check_range("refractory_s", refractory_s)
    reach = math.ceil(refractory_s / frame_shift_s - 1e-9)
    padded = np.concatenate(([-np.inf], scores, [-np.inf]))
    # A plateau counts once, at its first frame.
    candidates = np.flatnonzero((scores > padded[:-2]) & (scores >= padded[2:]))
    order = candidates[np.argsort(-scores[candidates], kind="stable")]
    taken = np.zeros(len(scores), dtype=bool)
    kept = []
    for index in order:
        if not taken[index]:
            kept.append(index)
            taken[max(0, index - reach + 1) : index + reach] = True
    return scores[kept]


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a proportion."""
    check_integer("successes", successes)
    check_integer("trials", trials)
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is not a proportion")
    z = 1.959963984540054
    proportion = successes / trials
    centre = proportion + z * z / (2 * trials)
    half = z * math.sqrt(proportion * (1 - proportion) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z * z / trials
    return around(proportion, max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale))


@lru_cache(maxsize=1024)
def poisson_interval(count: int) -> tuple[float, float]:
    """Return the exact 95 % interval of the mean of a Poisson distribution, from one count."""
    if count < 0:
        raise ValueError(f"{count} is not a count")

    def bound(n_events: int, probability: float) -> float:
        """Return the mean at which at most `n_events` have this probability."""
        low, high = 0.0, n_events + 10 * math.sqrt(n_events + 1) + 10
        for _ in range(60):
            mean = (low + high) / 2
            terms = (i * math.log(mean) - mean - math.lgamma(i + 1) for i in range(n_events + 1))
            if sum(math.exp(term) for term in terms) > probability:
                low = mean
            else:
                high = mean
        return (low + high) / 2

    return (bound(count - 1, 0.975) if count else 0.0), bound(count, 0.025)


def around(value: float, low: float, high: float) -> tuple[float, float]:
    """Return an interval widened to include `value`.

    Rounding can put the bound of a proportion of 0 or 1 on the wrong side of it, and so can a
    bootstrap of few samples.
    """
    return min(low, value), max(high, value)


def frr_at_fa(
    positive_scores: Floats | Sequence[float],
    negative_peaks: Floats | Sequence[float],
    negative_hours: float,
    false_accepts_per_hour: float,
) -> OperatingPoint:
    """Return the misses at a rate of false accepts.

    The threshold is the smallest that leaves at most the allowed number of
    negative peaks at or above it.

    Parameters
    ----------
    positive_scores : (n_positives,) array of float
        Highest score per recording of the word.
    negative_peaks : (n_peaks,) array of float
        From `peaks`, over all audio without the word.
    negative_hours : float
        Hours of that audio.
    false_accepts_per_hour : float
        The rate. 0 means no false accept in all of the negative audio. That is a fact about
        this audio; it does not show a rate of 0.

    Raises
    ------
    CalibrationError
        If the rate is above 0 but below one false accept in all of the negative audio, which
        is then too short to measure it.
    ValueError
        If there are no positives.
    """
    positive_scores = _numbers("positive_scores", positive_scores)
    negative_peaks = np.sort(_numbers("negative_peaks", negative_peaks))[::-1]
    _check_range("negative_hours", negative_hours)
    _check_range("false_accepts_per_hour", false_accepts_per_hour)
    if len(positive_scores) == 0:
        raise ValueError("there are no recordings of the word")
    allowed = math.floor(false_accepts_per_hour * negative_hours + 1e-9)
    if allowed < 1 and false_accepts_per_hour != 0:
        raise CalibrationError(
            f"{false_accepts_per_hour:g} false accepts per hour cannot be measured on "
            f"{negative_hours:.3g} h of negative audio"
        )
    threshold = np.nextafter(np.float32(0), np.float32(1))
    if len(negative_peaks) > allowed:
        threshold = np.nextafter(negative_peaks[allowed], np.float32(2))
    misses = int(np.count_nonzero(positive_scores < threshold))
    low, high = wilson_interval(misses, len(positive_scores))
    return OperatingPoint(
        false_accepts_per_hour=false_accepts_per_hour,
        threshold=float(threshold),
        measured_false_accepts=int(np.count_nonzero(negative_peaks >= threshold)),
        misses=misses,
        positives=len(positive_scores),
        frr=misses / len(positive_scores),
        frr_low=low,
        frr_high=high,
    )


def calibration_table(
    positive_scores: Floats | Sequence[float],
    negative_peaks: Floats | Sequence[float],
    negative_hours: float,
    thresholds: Iterable[float],
) -> tuple[CalibrationRow, ...]:
    """Return the rates at each threshold, in the form of a model card.

    Parameters
    ----------
    positive_scores, negative_peaks, negative_hours
        As for `frr_at_fa`.
    thresholds : iterable of float
        In any order; the table is sorted.

    Raises
    ------
    CalibrationError
        If the negative audio has no length.
    ValueError
        If there are no positives.
    """
    positives = np.sort(_numbers("positive_scores", positive_scores))
    negatives = np.sort(_numbers("negative_peaks", negative_peaks))
    _check_range("negative_hours", negative_hours)
    if len(positives) == 0:
        raise ValueError("there are no recordings of the word")
    if not negative_hours > 0:
        raise CalibrationError("the audio without the word is empty: it has no false accept rate")
    if not isinstance(thresholds, Iterable) or isinstance(thresholds, (str, bytes)):
        raise TypeError(f"thresholds must hold numbers, got {type(thresholds).__name__}")
    wanted = list(thresholds)
    _numbers("thresholds", wanted)
    return tuple(
        CalibrationRow(
            threshold=float(threshold),
            false_accepts_per_hour=_count_from(negatives, threshold) / negative_hours,
            miss_rate=1 - _count_from(positives, threshold) / len(positives),
        )
        for threshold in sorted(wanted)
    )


def _numbers(name: str, values: Floats | Sequence[float]) -> npt.NDArray[np.float32]:
    """Return values as float32; anything else, and NaN, is an error that names them."""
    try:
        numbers = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise TypeError(f"{name} must hold numbers: {error}") from None
    if numbers.ndim != 1:
        raise ValueError(f"{name} must be 1-D, got shape {numbers.shape}")
    if np.isnan(numbers).any():
        raise ValueError(f"{name} must not hold NaN")
    return numbers


def _check_range(name: str, value: float, *, at_least: float = 0.0) -> None:
    check_number(name, value)
    if not at_least <= value < math.inf:  # also refuses NaN
        raise ValueError(f"{name} must be finite and at least {at_least:g}, got {value!r}")


def _count_from(ascending: Floats, threshold: float) -> int:
    # In float32 like the core, so that scores equal to the threshold agree.
    return len(ascending) - int(np.searchsorted(ascending, np.float32(threshold), side="left"))
