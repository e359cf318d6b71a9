from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_model import tone

from pywakeword import CalibrationError, WakeWord
from pywakeword.measure.evaluation import (
    around,
    calibration_table,
    frr_at_fa,
    peaks,
    wilson_interval,
)


def test_peaks_within_the_refractory_time_count_once() -> None:
    scores = np.zeros(100, np.float32)
    scores[[10, 15, 19, 40, 65, 66, 90]] = [0.5, 0.9, 0.6, 0.3, 0.7, 0.7, 0.8]
    # 1 s is 25 frames: 15, 40, 65 and 90 are just far enough apart.
    np.testing.assert_allclose(peaks(scores, 0.04, 1.0), [0.9, 0.8, 0.7, 0.3])


def test_peaks_at_the_edges_and_on_plateaus() -> None:
    np.testing.assert_allclose(peaks(np.array([0.9, 0.1, 0.2]), 0.5, 1.5), [0.9])
    np.testing.assert_allclose(peaks(np.array([0.9, 0.1, 0.2]), 0.5, 1.0), [0.9, 0.2])
    np.testing.assert_allclose(peaks(np.full(9, 0.4), 0.5, 1.0), [0.4])
    assert len(peaks(np.zeros(0), 0.04, 1.0)) == 0


def test_peaks_want_one_keyword() -> None:
    with pytest.raises(ValueError, match=r"1-D, got shape \(3, 2\)"):
        peaks(np.zeros((3, 2)), 0.04, 1.0)


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.5, 0.9, 0.99])
def test_peaks_count_what_the_detector_finds(beep_model: Path, threshold: float) -> None:
    rng = np.random.default_rng(5)
    parts = []
    for _ in range(20):
        level = 10 ** rng.uniform(1.0, 4.0)
        noise = rng.normal(0, 300, round(16000 * rng.uniform(1.5, 2.5)))
        noise[8000:12800] += tone("beep", 0.3, level)
        parts.append(noise.astype(np.int16))
    pcm = np.concatenate(parts)
    spotter = WakeWord(beep_model, threshold=threshold)
    found = spotter.process(pcm)
    spotter.reset()
    values = peaks(spotter.scores(pcm)[:, 0], spotter.frame_shift_s, 1.0)
    assert np.count_nonzero(values >= threshold) == len(found)
    assert 0 < len(found) < 21


def test_wilson_interval() -> None:
    # From the closed form, e.g. Brown, Cai and DasGupta (2001), eq. 4.
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.27753), abs=1e-5)
    assert wilson_interval(5, 100) == pytest.approx((0.02154, 0.11175), abs=1e-5)
    assert wilson_interval(10, 10) == pytest.approx((0.72247, 1.0), abs=1e-5)


def test_wilson_interval_includes_the_proportion() -> None:
    # Plain arithmetic gives 1e-17 for 0 of 3, and below 1 for 10 of 10.
    for trials in range(1, 301):
        for successes in range(trials + 1):
            low, high = wilson_interval(successes, trials)
            assert 0 <= low <= successes / trials <= high <= 1
        assert wilson_interval(0, trials)[0] == 0
        assert wilson_interval(trials, trials)[1] == 1


def test_around() -> None:
    assert around(0.5, 0.4, 0.6) == (0.4, 0.6)
    assert around(0.0, 1e-17, 0.2) == (0.0, 0.2)
    assert around(1.0, 0.8, 1 - 1e-16) == (0.8, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_interval_of_nonsense(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is not a proportion"):
        wilson_interval(successes, trials)


def test_frr_at_fa() -> None:
    point = frr_at_fa([0.2, 0.55, 0.7, 0.9], [0.1, 0.6, 0.5, 0.8], 2.0, 1.0)
    # Two are allowed in 2 h: the threshold lies just above the third highest, 0.5.
    assert point.threshold == pytest.approx(0.5)
    assert point.threshold > 0.5
    assert point.measured_false_accepts == 2
    assert (point.misses, point.positives, point.frr) == (1, 4, 0.25)
    assert (point.frr_low, point.frr_high) == wilson_interval(1, 4)


def test_frr_at_fa_with_equal_peaks_stays_within_the_rate() -> None:
    point = frr_at_fa([0.5, 0.6], [0.5, 0.5, 0.5], 1.0, 2.0)
    assert point.measured_false_accepts == 0
    assert point.misses == 1


def test_frr_at_fa_with_few_peaks_takes_any_score() -> None:
    point = frr_at_fa([0.01], [0.5], 1.0, 1.0)
    assert (point.misses, point.measured_false_accepts) == (0, 1)


def test_frr_at_fa_errors() -> None:
    with pytest.raises(CalibrationError, match=r"0\.4 false accepts .* on 2 h"):
        frr_at_fa([0.5], [0.5], 2.0, 0.4)
    with pytest.raises(ValueError, match="no recordings of the word"):
        frr_at_fa([], [0.5], 2.0, 1.0)


def test_calibration_table() -> None:
    table = calibration_table([0.2, 0.5, 0.7, 0.9], [0.1, 0.5, 0.8], 2.0, [0.9, 0.5, 0.1])
    assert [row.threshold for row in table] == [0.1, 0.5, 0.9]
    assert [row.false_accepts_per_hour for row in table] == [1.5, 1.0, 0.0]
    assert [row.miss_rate for row in table] == pytest.approx([0, 0.25, 0.75])


def test_nothing_to_measure_is_said() -> None:
    with pytest.raises(ValueError, match="no recordings of the word"):
        frr_at_fa([], [0.5], 1.0, 1.0)
    with pytest.raises(ValueError, match="no recordings of the word"):
        calibration_table([], [0.5], 1.0, [0.5])
    with pytest.raises(CalibrationError, match="is empty"):
        calibration_table([0.5], [], 0.0, [0.5])


def test_nothing_and_everything_missed() -> None:
    for n in (1, 3, 6, 7, 10, 25):
        best = frr_at_fa([0.9] * n, [], 1.0, 0.0)
        assert (best.misses, best.frr_low) == (0, 0.0)
        worst = frr_at_fa([0.1] * n, [0.5], 1.0, 0.0)
        assert (worst.misses, worst.frr_high) == (n, 1.0)


WRONG = [None, True, "?!", b"x", {"x": 1}, [np.nan], np.zeros((2, 2)), 10**400, print]
NO_AMOUNTS = [None, True, "?!", [1.0], np.nan, -1, np.inf, 10**400, print]


@pytest.mark.parametrize("bad", WRONG, ids=lambda bad: str(bad)[:9])
def test_scores_that_are_none(bad: object) -> None:
    with pytest.raises((TypeError, ValueError), match="positive_scores"):
        frr_at_fa(bad, [0.5], 1.0, 1.0)
    with pytest.raises((TypeError, ValueError), match="negative_peaks"):
        calibration_table([0.5], bad, 1.0, [0.5])
    with pytest.raises((TypeError, ValueError), match="thresholds"):
        calibration_table([0.5], [0.5], 1.0, bad)
    with pytest.raises((TypeError, ValueError), match="scores"):
        peaks(bad, 0.04, 1.0)


@pytest.mark.parametrize("bad", NO_AMOUNTS, ids=lambda bad: str(bad)[:9])
def test_amounts_that_are_none(bad: object) -> None:
    with pytest.raises((TypeError, ValueError), match="negative_hours"):
        frr_at_fa([0.5], [0.5], bad, 1.0)
    with pytest.raises((TypeError, ValueError), match="false_accepts_per_hour"):
        frr_at_fa([0.5], [0.5], 1.0, bad)
    with pytest.raises((TypeError, ValueError), match="frame_shift_s"):
        peaks(np.zeros(3), bad, 1.0)
    with pytest.raises((TypeError, ValueError), match="refractory_s"):
        peaks(np.zeros(3), 0.04, bad)


@pytest.mark.parametrize(("successes", "trials"), [(True, 3), (1.5, 3), ("1", 3), (1, None)])
def test_proportions_of_no_counts(successes: object, trials: object) -> None:
    with pytest.raises(TypeError, match=r"successes|trials"):
        wilson_interval(successes, trials)
