"""From scores to misses and false accepts; used by `pywakeword evaluate` and by training.

One pass over the audio serves every threshold. `WakeWord.scores` gives the
smoothed score at each step (`pywakeword.measure.scanning` collects them); `peaks` reduces
the scores of one stream to the values at which a detector would have fired: a
threshold at or below a peak reports it, a threshold above it does not. Peaks
closer together than the refractory time count once, as the highest of them, so
counting the peaks at or above a threshold counts its detections.

Where it departs from the running detector: that one keeps the *first* crossing
of a group and is deaf from there on, so for three peaks each within the
refractory time of the next, of which the middle one is the highest, it may
report two detections and we count one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.errors import CalibrationError
from pywakeword.models.calibration import CalibrationRow

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class OperatingPoint:
    """Misses at the threshold that gives a stated rate of false accepts.

    `false_accepts_per_hour` is what was asked for, `measured_false_accepts` what
    the threshold gave. `frr_low` and `frr_high` bound the false reject rate with
    95 % confidence (Wilson).
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
    """Return the scores at which detections would fall, highest first.

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
        Values only; two streams are joined by concatenating their peaks.
    """
    scores = np.asarray(scores)
    if scores.ndim != 1:
        raise ValueError(f"scores must be 1-D, got shape {scores.shape}")
    reach = math.ceil(refractory_s / frame_shift_s - 1e-9)
    padded = np.concatenate(([-np.inf], scores, [-np.inf]))
    # The first frame of a plateau stands for it: one crossing, one detection.
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
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no proportion")
    z = 1.959963984540054
    proportion = successes / trials
    centre = proportion + z * z / (2 * trials)
    half = z * math.sqrt(proportion * (1 - proportion) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z * z / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


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
        Highest score of each take of the word.
    negative_peaks : (n_peaks,) array of float
        From `peaks`, over all audio without the word.
    negative_hours : float
        Hours of that audio.
    false_accepts_per_hour : float
        The rate. 0 asks for no false accept in all of the negative audio, which
        is a fact about that audio and not a rate that it can show.

    Raises
    ------
    CalibrationError
        If the rate is above 0 but below one false accept in all of the negative
        audio: so little audio cannot show it.
    ValueError
        If there are no positives.
    """
    positive_scores = np.asarray(positive_scores, dtype=np.float32)
    negative_peaks = np.sort(np.asarray(negative_peaks, dtype=np.float32))[::-1]
    allowed = math.floor(false_accepts_per_hour * negative_hours + 1e-9)
    if allowed < 1 and false_accepts_per_hour != 0:
        raise CalibrationError(
            f"{false_accepts_per_hour:g} false accepts an hour cannot be measured on "
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
    """Return what each threshold gives, in the form that a model card carries.

    Parameters
    ----------
    positive_scores, negative_peaks, negative_hours
        As for `frr_at_fa`.
    thresholds : iterable of float
        In any order; the table is sorted.
    """
    positives = np.sort(np.asarray(positive_scores, dtype=np.float32))
    negatives = np.sort(np.asarray(negative_peaks, dtype=np.float32))
    return tuple(
        CalibrationRow(
            threshold=float(threshold),
            false_accepts_per_hour=_count_from(negatives, threshold) / negative_hours,
            miss_rate=1 - _count_from(positives, threshold) / len(positives),
        )
        for threshold in sorted(thresholds)
    )


def _count_from(ascending: Floats, threshold: float) -> int:
    # The core compares in float32; so do we, or a score equal to it could differ.
    return len(ascending) - int(np.searchsorted(ascending, np.float32(threshold), side="left"))
