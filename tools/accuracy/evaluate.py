"""Misses by condition, beside the peers: python -m tools.accuracy evaluate --data DIR.

All detectors are tested on the same audio in one run. Each uses the threshold that
gives the stated rate of false accepts over all negatives: dev speech, words and noise in
quiet and in noise, held-out synthetic voices, and the device's own playback alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pywakeword.measure.evaluation import frr_at_fa, peaks
from pywakeword.training.figures.conditions import Conditions, Stream
from tools.accuracy.detectors import Detector, detectors
from tools.accuracy.plot import save_plot

REFRACTORY_S = 1.0
_MOST_FALSE_ACCEPTS = 30  # of the curves, in all negatives


def evaluate(
    detector: Detector, positives: dict[str, list[Stream]], negatives: list[Stream], rate: float
) -> dict[str, Any]:
    """Return misses per condition in percent, with 95 % intervals and over other rates."""
    found = np.concatenate(
        [
            peaks(detector.scores(s), detector.score_shift_s, REFRACTORY_S)
            for s in tqdm(negatives, desc=detector.name)
        ]
    )
    hours = sum(len(s.pcm) for s in negatives) / 16_000 / 3600
    row: dict[str, Any] = {"detector": detector.name, "negative_hours": round(hours, 3)}
    row["curves"] = {}
    for name, streams in positives.items():
        scores = [float(detector.scores(s).max()) for s in streams]
        point = frr_at_fa(scores, found, hours, rate)
        interval = [round(100 * x, 1) for x in (point.frr, point.frr_low, point.frr_high)]
        row[name] = interval
        row["threshold"] = point.threshold
        rates = [count / hours for count in range(1, _MOST_FALSE_ACCEPTS + 1)]
        row["curves"][name] = [
            [round(r, 3), round(100 * frr_at_fa(scores, found, hours, r).frr, 1)] for r in rates
        ]
    return row


def main(argv: list[str] | None = None) -> int:
    """Print one table per word, and write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, default=Path("runs/evaluate"))
    parser.add_argument("--words", nargs="+", default=["alexa", "computer"])
    parser.add_argument(
        "--peers", nargs="*", default=[], choices=("pymicro-wakeword", "openwakeword", "porcupine")
    )
    parser.add_argument("--held-out", type=Path, help="bank of held-out voices, for one breath")
    parser.add_argument(
        "--models",
        nargs="*",
        default=[],
        type=Path,
        help="folders with other models of the words, each scored beside the bundled one",
    )
    parser.add_argument("--fa-per-hour", type=float, default=1.0)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--plot", type=Path, help="picture of the curves to write")
    args = parser.parse_args(argv)
    if not (args.data / "manifest.csv").is_file():
        print(f"error: {args.data}: no manifest.csv there", file=sys.stderr)
        return 2
    results: dict[str, list[dict[str, Any]]] = {}
    for word in args.words:
        try:
            compared = detectors(word, args.peers, args.models)
        except ValueError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        conditions = Conditions(args.data, cache=args.work, held_out=args.held_out)
        names = conditions.names
        positives = {name: list(conditions.positives(word, name)) for name in names}
        negatives = [*conditions.negatives((word,)), *conditions.more_negatives((word,))]
        results[word] = [evaluate(d, positives, negatives, args.fa_per_hour) for d in compared]
        takes = len(positives["quiet"])
        print(
            f"\n{word}: misses in % of {takes} takes at {args.fa_per_hour:g} false accepts per hour"
        )
        print("| detector | " + " | ".join(names) + " |")
        print("|---" * (len(names) + 1) + "|")
        for row in results[word]:
            cells = [f"{row[c][0]:g} [{row[c][1]:g}, {row[c][2]:g}]" for c in names]
            print(f"| {row['detector']} | " + " | ".join(cells) + " |")
    if args.out is not None:
        args.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if args.plot is not None:
        save_plot(args.plot, results)
    return 0
