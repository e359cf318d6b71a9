"""Draws detection error trade-off curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pywakeword._extras import require
from pywakeword.measure.evaluation import OperatingPoint
from pywakeword.models.calibration import CalibrationRow


def save_det_plot(
    path: Path,
    curve: Sequence[CalibrationRow],
    points: Sequence[OperatingPoint],
    *,
    title: str,
) -> None:
    """Write misses over false accepts per hour as PNG.

    Parameters
    ----------
    path : path
        The file to write.
    curve : sequence of CalibrationRow
        From `calibration_table`.
    points : sequence of OperatingPoint
        Drawn on the curve with their 95 % intervals.
    title : str
        Shown above the curve.
    """
    figure = require("matplotlib.figure", "evaluate").Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    # From few false accepts to many. A rate has the misses of the step to its left.
    rows = curve[::-1]
    axes.step(
        [row.false_accepts_per_hour for row in rows],
        [100 * row.miss_rate for row in rows],
        where="post",
    )
    axes.errorbar(
        [point.false_accepts_per_hour for point in points],
        [100 * point.frr for point in points],
        yerr=[
            [100 * (point.frr - point.frr_low) for point in points],
            [100 * (point.frr_high - point.frr) for point in points],
        ],
        fmt="o",
        capsize=3,
        label="requested rates, with 95 % interval",
    )
    # Both axes include zero: linear near zero, logarithmic above.
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 100)
    axes.set(xlabel="false accepts per hour", ylabel="false rejects (%)", title=title)
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
