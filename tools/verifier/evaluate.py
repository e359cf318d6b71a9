"""The verifiers beside each other: python -m tools.verifier evaluate WORD... --data DIR --work DIR.

Prints, for the candidates of the device on dev streams, the change of the false-accept rate
against the 2-stage DNN-HMM at equal miss rates, aligned and with the start estimate moved;
and what device and verifier do together beside the device alone: on the same takes in eight
conditions and after the echo canceller, and on the same negatives. Thresholds come from one
half of the leak groups, the figures from the other, both ways.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tools.verifier.data.dev_set import LOOSE_THRESHOLD, DevSet, dev_sets
from tools.verifier.figures.comparison import (
    JITTERS_MS,
    MISS_RATES,
    MODELS,
    RUN_FILES,
    Trained,
    change,
    false_accepts,
    jittered,
)
from tools.verifier.figures.together import measure, report
from tools.verifier.networks.export import write_card
from tools.verifier.networks.training import DNN_HMM, run_name
from tools.verifier.train import model_file

# Relative change of the false accepts in the paper: aligned, badly aligned.
PAPER = {"cnn-100": (-0.35, -0.44), "cnn-195": (-0.53, -0.31), "cra-195": (-0.55, -0.60)}


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.verifier evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="+", metavar="WORD", help="as given to tools.verifier.train")
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, default=Path("runs/train"))
    parser.add_argument("--models", type=Path, default=Path("models/verifier"))
    parser.add_argument("--device-models", type=Path, metavar="DIR")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--only-system", action="store_true", help="leave the comparison with the other models out"
    )
    parser.add_argument(
        "--held-out", type=Path, metavar="DIR", help="takes by voices that are not trained on"
    )
    parser.add_argument(
        "--write-cards", action="store_true", help="put thresholds and figures on the models' cards"
    )
    parser.add_argument("--json", type=Path, help="write the figures here too")
    return parser.parse_args(argv)


def compare(args: argparse.Namespace, halves: dict[str, DevSet]) -> dict[str, Any]:
    """Figures of the table: per jitter and miss rate, for every model."""
    words = tuple(args.words)
    runs = [Trained(args.work, words, seed) for seed in args.seeds]
    candidates = {w: halves[w].at(LOOSE_THRESHOLD) for w in words}
    figures: dict[str, Any] = {
        "seeds": args.seeds,
        "candidates": {
            w: {
                "words": int(c.is_word.sum()),
                "false": int((~c.is_word).sum()),
                "hours": round(halves[w].hours, 2),
                "device_threshold": LOOSE_THRESHOLD,
            }
            for w, c in candidates.items()
        },
        "rows": [],
    }
    for jitter in JITTERS_MS:
        scored = [[jittered(run, w, candidates[w], jitter) for w in words] for run in runs]
        for name in MODELS:
            model, reference = (
                [[by_word[n] for by_word in by_seed] for by_seed in scored] for n in (name, DNN_HMM)
            )
            row: dict[str, Any] = {"jitter_ms": jitter, "model": name}
            for rate in MISS_RATES:
                passed = [
                    [false_accepts(s.words, s.others, rate) for s in by_word] for by_word in model
                ]
                row[f"passed_at_{rate:g}"] = np.round(passed, 4).tolist()
                if name != DNN_HMM:
                    row[f"change_at_{rate:g}"] = [
                        round(x, 3) for x in change(model, reference, rate)
                    ]
            figures["rows"].append(row)
    return figures


def write_on_card(path: Path, figures: dict[str, Any]) -> None:
    """Put fusion, thresholds and figures on a model's card."""
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    accept = round(figures["thresholds"]["same_false_accepts"], 4)
    # The device's score is part of the verifier's: nothing is left for the device to decide.
    card |= {"threshold_accept": accept, "threshold_reject": accept}
    card |= {"device_threshold": figures["device_threshold"], "fusion": figures["fusion"]}
    card["figures"] = {
        "split": "dev; thresholds from one half of the leak groups, figures from the other, both "
        "ways; the card's thresholds from all of it",
        **figures,
    }
    write_card(path.with_suffix(".json"), card)


def print_table(figures: dict[str, Any]) -> None:
    """Print the table of the paper."""
    for word, count in figures["candidates"].items():
        print(
            f"{word}: {count['words']} candidates are the word, {count['false']} are not, of "
            f"{count['hours']} h without it; device at {count['device_threshold']:g}"
        )
    for rate in MISS_RATES:
        print(f"\nfalse accepts against the DNN-HMM at {100 * rate:g} % misses of the verifier")
        columns = ["aligned", *(f"+-{j} ms" for j in JITTERS_MS[1:])]
        print("| model | " + " | ".join(columns) + " | paper: aligned, badly aligned |")
        print("|---" * (len(columns) + 2) + "|")
        for name in MODELS:
            rows = [r for r in figures["rows"] if r["model"] == name]
            if name == DNN_HMM:
                cells = [f"passes {100 * np.mean(r[f'passed_at_{rate:g}']):.1f} %" for r in rows]
            else:
                cells = [
                    "{:+.0f} % [{:+.0f}, {:+.0f}]".format(
                        *(100 * x for x in r[f"change_at_{rate:g}"])
                    )
                    for r in rows
                ]
            paper = ", ".join(f"{100 * x:+.0f} %" for x in PAPER.get(name, ()))
            print(f"| {name} | " + " | ".join(cells) + f" | {paper} |")


def main(argv: list[str] | None = None) -> int:
    """Print both tables."""
    args = parse_arguments(argv)
    if not (args.data / "manifest.csv").is_file():
        print(f"error: {args.data}: no manifest.csv there", file=sys.stderr)
        return 2
    wanted = [args.models / f"{word}.onnx" for word in args.words]
    if not args.only_system:
        runs = (run_name(tuple(args.words), seed) for seed in args.seeds)
        wanted += [args.work / f"{name}{end}" for name in runs for end in RUN_FILES]
    missing = [str(path) for path in wanted if not path.is_file()]
    if missing:
        print(f"error: run tools.verifier.train first: no {', '.join(missing)}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    try:
        models = {word: model_file(args, word) for word in args.words}
        sets = dev_sets(args.data, args.work, models, args.held_out)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    figures: dict[str, Any] = {}
    if not args.only_system:
        figures["table"] = compare(args, {w: dev.halves()[1] for w, dev in sets.items()})
        print_table(figures["table"])
    figures["system"] = {}
    for word, dev in sets.items():
        path = args.models / f"{word}.onnx"
        row = figures["system"][word] = measure(dev, path)
        print(report(word, row), flush=True)
        if args.write_cards:
            write_on_card(path, row)
    if args.json is not None:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0
