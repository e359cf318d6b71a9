from __future__ import annotations

from dataclasses import replace

import pytest

from pywakeword import Calibration, CalibrationError, CalibrationRow

pytestmark = pytest.mark.portable

TABLE = (
    CalibrationRow(0.3, 2.0, 0.01),
    CalibrationRow(0.5, 0.5, 0.02),
    CalibrationRow(0.7, 0.5, 0.03),
    CalibrationRow(0.9, 0.0, 0.10),
)
CALIBRATION = Calibration(negative_hours=10, positives=100, table=TABLE, default_threshold=0.5)


@pytest.mark.parametrize(
    ("rate", "threshold"),
    [(100, 0.3), (2.0, 0.3), (1.99, 0.5), (0.5, 0.5), (0.49, 0.9), (0.1, 0.9)],
)
def test_smallest_threshold_within_the_rate(rate: float, threshold: float) -> None:
    assert CALIBRATION.threshold_for(rate) == threshold


@pytest.mark.parametrize("rate", [0.0999, 0.0, -1.0, float("nan")])
def test_a_rate_finer_than_the_audio_is_refused(rate: float) -> None:
    with pytest.raises(CalibrationError, match=r"10 h of negative audio, which supports 0\.1"):
        CALIBRATION.threshold_for(rate)


def test_a_rate_below_the_strictest_row_is_refused() -> None:
    calibration = replace(CALIBRATION, table=TABLE[:2])
    assert calibration.lowest_rate == 0.5
    with pytest.raises(CalibrationError, match=r"supports 0\.5"):
        calibration.threshold_for(0.2)


def test_row_for() -> None:
    assert CALIBRATION.row_for(0.6) == TABLE[1]
    assert CALIBRATION.row_for(0.1) == TABLE[0]
    assert CALIBRATION.row_for(1.0) == TABLE[3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": ()}, "empty"),
        ({"table": TABLE[::-1]}, "not sorted"),
        ({"table": (TABLE[1], CalibrationRow(0.6, 0.6, 0.03))}, "false accepts rise"),
        ({"table": (TABLE[1], CalibrationRow(0.6, 0.4, 0.01))}, "misses fall"),
        ({"negative_hours": 0}, "negative_hours"),
        ({"default_threshold": 0}, "default_threshold"),
    ],
)
def test_inconsistent_tables_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(CALIBRATION, **change)
