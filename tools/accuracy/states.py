"""What the state brings to shipped models: python -m tools.accuracy states MODEL.json...

Reads what `python -m tools.release calibrate` wrote into their cards, and compares three ways at
equal false accepts over all states: the state unknown to the network, the state in the network,
and a threshold per state as well.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pywakeword.errors import PyWakewordError
from pywakeword.measure.evaluation import wilson_interval
from pywakeword.models.calibration import Calibration
from pywakeword.models.card import read_card

_PLAYING = ("music", "tts", "alarm")
_RATES = (0.5, 1.0)
WAYS = ("state unknown", "state in the network", "and in the threshold")


def states_of(calibration: Calibration, cancelled: bool) -> dict[str, Calibration]:
    """Return the table of each state, `unknown` among them.

    Raises
    ------
    ValueError
        If one is missing.
    """
    playing = calibration.by_playback_cancelled if cancelled else calibration.by_playback
    made = {**playing, "none": calibration.by_playback.get("none")}
    found = {state: table for state, table in made.items() if table is not None}
    if missing := {"none", "unknown", *_PLAYING} - found.keys():
        raise ValueError(f"no table of {', '.join(sorted(missing))}: calibrate the model first")
    return {state: found[state] for state in ("none", *_PLAYING, "unknown")}


def misses(states: Mapping[str, Calibration], rate: float) -> dict[str, int]:
    """Count the takes of all states that are missed in each of `WAYS`."""
    unknown = states["unknown"]
    told = [table for state, table in states.items() if state != "unknown"]
    hours = sum(table.negative_hours for table in told)
    thresholds = [row.threshold for row in unknown.table]

    def mean_rate(threshold: float) -> float:
        rates = (t.row_for(threshold).false_accepts_per_hour * t.negative_hours for t in told)
        return sum(rates) / hours

    common = next((t for t in thresholds if mean_rate(t) <= rate), thresholds[-1])
    return {
        WAYS[0]: _missed(unknown, _lowest(unknown, rate)),
        WAYS[1]: sum(_missed(table, common) for table in told),
        WAYS[2]: sum(_missed(table, _lowest(table, rate)) for table in told),
    }


def _lowest(table: Calibration, rate: float) -> float:
    rows = table.table
    return next((r.threshold for r in rows if r.false_accepts_per_hour <= rate), rows[-1].threshold)


def _missed(table: Calibration, threshold: float) -> int:
    return round(table.row_for(threshold).miss_rate * table.positives)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy states", description=__doc__)
    parser.add_argument("cards", nargs="+", type=Path, metavar="MODEL.json")
    args = parser.parse_args(argv)
    try:
        calibrations = [
            calibration
            for path in args.cards
            for calibration in read_card(path).calibration.values()
        ]
        _print(calibrations)
    except (OSError, ValueError, PyWakewordError) as error:
        print(f"tools.accuracy: {error}", file=sys.stderr)
        return 2
    return 0


def _print(calibrations: Sequence[Calibration]) -> None:
    tables = {c: [states_of(k, c) for k in calibrations] for c in (False, True)}
    print("| canceller | false accepts/h | takes | " + " | ".join(WAYS) + " |")
    print("|---" * (3 + len(WAYS)) + "|")
    for cancelled, models in tables.items():
        takes = sum(states["unknown"].positives for states in models)
        for rate in _RATES:
            counted = [misses(states, rate) for states in models]
            cells = []
            for way in WAYS:
                missed = sum(count[way] for count in counted)
                low, high = (100 * bound for bound in wilson_interval(missed, takes))
                cells.append(f"{100 * missed / takes:.1f} % [{low:.1f}, {high:.1f}]")
            row = f"| {'yes' if cancelled else 'no'} | {rate:g} | {takes} |"
            print(f"{row} {' | '.join(cells)} |")
