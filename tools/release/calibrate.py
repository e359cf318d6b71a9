"""Thresholds by playback state: python -m tools.release calibrate MODEL.tflite... --data DIR.

Measures models on the dev split while the device plays nothing, music, speech or an alarm, with
and without an echo canceller, and writes the tables into their cards. All models are measured
together, on audio without any of their words: give as many models of each word.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pywakeword import WakeWord
from pywakeword.errors import PyWakewordError
from pywakeword.measure.evaluation import poisson_interval
from pywakeword.models.card import read_card
from pywakeword.training.figures.conditions import Conditions
from pywakeword.training.figures.playback_states import (
    CANCELLED,
    PLAIN,
    Checked,
    StateScores,
    rate_at,
    row_at,
    score_states,
    set_defaults,
)

Checks = dict[tuple[str, str], list[Checked]]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print one line per state, and write the cards."""
    parser = argparse.ArgumentParser(prog="python -m tools.release calibrate", description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL", help=".tflite file")
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/evaluate"), help="where prepared sounds are kept"
    )
    parser.add_argument(
        "--copies", type=int, default=3, help="how often each clip is mixed per kind of playback"
    )
    parser.add_argument(
        "--held-out", type=Path, help="bank of held-out voices, for words without recordings"
    )
    parser.add_argument("--dry-run", action="store_true", help="print, and leave the cards alone")
    args = parser.parse_args(argv)
    if args.copies < 1:
        parser.error("--copies must be at least 1")
    try:
        by_word = _models_by_word(args.models)
        spotters = [WakeWord([str(p) for p in paths]) for paths in zip(*by_word.values())]
        conditions = Conditions(args.data, cache=args.work, held_out=args.held_out)
        scores = score_states(spotters, conditions, tuple(by_word), copies=args.copies)
        print("| model | state | canceller | hours | default | false accepts/h | missed there |")
        print("|---|---|---|---|---|---|---|")
        checks: Checks = {}
        for word, paths in by_word.items():
            for index, path in enumerate(paths):
                default = read_card(path.with_suffix(".json")).calibration[word].default_threshold
                tables = scores.tables(index, word, default)
                _print(path.stem, tables)
                _check(scores, tables, (index, word, default), checks)
                if not args.dry_run:
                    _write(path.with_suffix(".json"), tables)
        _print_checks(checks)
    except (OSError, ValueError, PyWakewordError) as error:
        print(f"tools.release: {error}", file=sys.stderr)
        return 2
    return 0


def _models_by_word(paths: Sequence[Path]) -> dict[str, list[Path]]:
    by_word: dict[str, list[Path]] = {}
    for path in paths:
        keywords = read_card(path.with_suffix(".json")).keywords
        if len(keywords) != 1:
            raise ValueError(f"{path}: a model of one word is needed, not of {len(keywords)}")
        by_word.setdefault(keywords[0], []).append(path)
    if len({len(models) for models in by_word.values()}) > 1:
        counts = ", ".join(f"{len(models)} of {word}" for word, models in by_word.items())
        raise ValueError(f"as many models of each word are needed, got {counts}")
    return by_word


def _print(name: str, tables: dict[str, dict[str, Any]]) -> None:
    for table, cancelled in ((PLAIN, "no"), (CANCELLED, "yes")):
        for playback, found in tables[table].items():
            row = row_at(found, found["default_threshold"])
            print(
                f"| {name} | {playback} | {cancelled} | {found['negative_hours']:.2f} | "
                f"{found['default_threshold']:g} | {row['false_accepts_per_hour']:.2f} | "
                f"{row['miss_rate']:.1%} of {found['positives']} |",
                flush=True,
            )


def _check(
    scores: StateScores,
    tables: dict[str, dict[str, Any]],
    model: tuple[int, str, float],
    checks: Checks,
) -> None:
    """Count false accepts on the halves on which a threshold was not chosen."""
    index, word, default = model
    rate = set_defaults(tables, default)
    for table, states in tables.items():
        for playback, found in states.items():
            wanted = rate if playback not in ("none", "unknown") else rate_at(found, default)
            for goal in (0.5, max(0.5, wanted)):  # a half has too few hours for less
                checks.setdefault((table, playback), []).append(
                    scores.checked(table, playback, index, word, goal)
                )


def _print_checks(checks: Checks) -> None:
    print("\nThresholds chosen on half of the clips, false accepts on the other half, all models:")
    print("| state | canceller | model hours | allowed per hour | counted per hour |")
    print("|---|---|---|---|---|")
    for (table, playback), rows in checks.items():
        for goal in (rows[0::2], rows[1::2]):
            hours = sum(row.hours for row in goal)
            allowed = sum(row.rate * row.hours for row in goal) / hours
            count = sum(row.false_accepts for row in goal)
            low, high = (bound / hours for bound in poisson_interval(count))
            print(
                f"| {playback} | {'yes' if table == CANCELLED else 'no'} | {hours:.0f} | "
                f"{allowed:.2f} | {count / hours:.2f} ({low:.2f} to {high:.2f}) |"
            )


def _write(path: Path, tables: dict[str, dict[str, Any]]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    (calibration,) = document["calibration"].values()
    calibration.update(tables)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    read_card(path)  # what was written must be a card
