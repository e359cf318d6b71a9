"""`python -m tools.accuracy states`: misses at equal false accepts, from cards."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import tiny_model

from pywakeword import Calibration, CalibrationRow
from tools.accuracy import states


def table(rates: tuple[float, ...], missed: tuple[float, ...], takes: int = 10) -> Calibration:
    rows = tuple(
        CalibrationRow(t, rate, miss) for t, rate, miss in zip((0.5, 0.7, 0.9), rates, missed)
    )
    return Calibration(negative_hours=4, positives=takes, table=rows, default_threshold=0.5)


def test_three_ways() -> None:
    quiet = table((1, 0, 0), (0, 0.1, 0.2))
    loud = table((6, 4, 0), (0.1, 0.3, 0.5))
    made = {"none": quiet, "music": quiet, "tts": loud, "alarm": quiet}
    unknown = table((4, 2, 0), (0.1, 0.2, 0.5), 40)
    found = states.misses({**made, "unknown": unknown}, 1.0)
    # Known: 0.7 has 1 per hour in the mean, and misses 1, 1, 3 and 1. Per state: 0.5 in three
    # of them, 0.9 in the loud one.
    assert list(found.values()) == [20, 6, 5]


def test_a_card_needs_every_state(beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tiny_model.read_card(beep_model)
    assert states.main([str(beep_model.with_suffix(".json"))]) == 2
    assert "no table of alarm, music, none, tts, unknown" in capsys.readouterr().err


def test_a_calibrated_card(beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = tiny_model.read_card(beep_model)
    (calibration,) = card["calibration"].values()
    own = {key: calibration[key] for key in calibration}
    calibration["by_playback"] = dict.fromkeys(("none", "unknown", "music", "tts", "alarm"), own)
    calibration["by_playback_cancelled"] = dict.fromkeys(("unknown", "music", "tts", "alarm"), own)
    tiny_model.write_card(beep_model, card)
    assert states.main([str(beep_model.with_suffix(".json"))]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| no", "0.5"], ["| no", "1"], ["| yes", "0.5"], ["| yes", "1"],
    ]  # fmt: skip
    assert all(f"| {own['positives']} |" in row for row in rows)
