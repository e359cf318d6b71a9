"""Thresholds by playback state: python -m tools.release calibrate MODEL.tflite... --data DIR.

Measures models on the dev split while the device plays nothing, music, speech or an alarm, with
and without an echo canceller, and writes the tables into their cards. Models of one word are
measured together, on the same audio.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pywakeword.errors import PyWakewordError
from pywakeword.models.card import read_card
from pywakeword.training.figures.conditions import Conditions
from pywakeword.training.figures.playback_states import CANCELLED, PLAIN, calibrate_states


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
        by_word: dict[str, list[Path]] = {}
        for model in args.models:
            keywords = read_card(model.with_suffix(".json")).keywords
            by_word.setdefault(" ".join(keywords), []).append(model)
        print("| model | state | canceller | hours | default | false accepts/h | missed there |")
        print("|---|---|---|---|---|---|---|")
        for paths in by_word.values():
            conditions = Conditions(args.data, cache=args.work, held_out=args.held_out)
            scores = calibrate_states(paths, conditions, copies=args.copies)
            for index, path in enumerate(paths):
                tables = scores.tables(index)
                _print(path.stem, tables)
                if not args.dry_run:
                    _write(path.with_suffix(".json"), tables)
    except (OSError, ValueError, PyWakewordError) as error:
        print(f"tools.release: {error}", file=sys.stderr)
        return 2
    return 0


def _print(name: str, tables: dict[str, dict[str, Any]]) -> None:
    for table, cancelled in ((PLAIN, "no"), (CANCELLED, "yes")):
        for playback, found in tables[table].items():
            row = next(r for r in found["table"] if r["threshold"] == found["default_threshold"])
            print(
                f"| {name} | {playback} | {cancelled} | {found['negative_hours']:.2f} | "
                f"{found['default_threshold']:g} | {row['false_accepts_per_hour']:.2f} | "
                f"{row['miss_rate']:.1%} of {found['positives']} |",
                flush=True,
            )


def _write(path: Path, tables: dict[str, dict[str, Any]]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    (calibration,) = document["calibration"].values()
    calibration.update(tables)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    read_card(path)  # what was written must be a card
