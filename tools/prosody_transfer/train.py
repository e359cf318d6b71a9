"""Prosody transfer, from recordings to a bundled addon and its figures.

python -m tools.prosody_transfer train --data DIR --work DIR [--ablation NAME] [--seed N]
python -m tools.prosody_transfer evaluate --data DIR --work DIR [--write | --sound ADDON]
python -m tools.prosody_transfer samples --data DIR --work DIR --out DIR

A command given again goes on where it stopped. The first one aligns the recordings, which
all share. The model of seed 0 without ablation is the addon's; `evaluate` measures all that
were trained.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import torch

from tools.prosody_transfer import corpus, report, samples, training
from tools.prosody_transfer.export import NAME, write_addon
from tools.prosody_transfer.network import ABLATIONS, make_modules

STEPS = 4000
MODELS = Path("models/studies")
VOCODER = Path("models/tts/slt-parallel")


def main(argv: list[str] | None = None) -> int:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.prosody_transfer",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("train", "train a model; the full one becomes the addon copycat"),
        ("evaluate", "measure what is trained in --work"),
        ("samples", "write sounds and contour plots of transfers"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
        command.add_argument("--work", type=Path, required=True, help="alignments and checkpoints")
        command.add_argument("--models", type=Path, default=MODELS, help="where copycat lies")
    train, evaluate, sample = (commands.choices[name] for name in commands.choices)
    train.add_argument("--ablation", choices=ABLATIONS, default="none")
    train.add_argument("--vocoder", type=Path, default=VOCODER, help="addon that lends its vocoder")
    train.add_argument("--steps", type=int, default=STEPS)
    train.add_argument("--seed", type=int, default=0)
    evaluate.add_argument(
        "--role",
        choices=("choose", "report"),
        default="report",
        help="speakers that choose, or those that report",
    )
    evaluate.add_argument("--write", action="store_true", help="put figures on the addon's card")
    evaluate.add_argument(
        "--sound", type=Path, metavar="ADDON", help="measure only the sound of this addon"
    )
    sample.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    if not (args.data / "manifest.csv").exists():
        print(f"error: no manifest.csv in {args.data}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    items = corpus.prepare(args.data, args.work)
    if args.command == "train":
        path = checkpoint(args.work, args.ablation, args.seed)
        modules = training.fit(items, args.ablation, path, steps=args.steps, seed=args.seed)
        if path == checkpoint(args.work, "none", 0):
            card = report.card(modules, items, args.steps)
            print(write_addon(modules, items, args.vocoder, args.models, card))
        return 0
    if args.command == "samples":
        return samples.write(items, args.data, args.models / NAME, args.out)
    if args.sound:
        chosen, f0 = report.heard(items, args.data, args.role)
        print(json.dumps({args.sound.name: report.in_sound(args.sound, chosen, f0)}, default=float))
        return 0
    trained = {
        path.stem.removeprefix("copycat").strip("-") or "none": path
        for path in sorted(args.work.glob("copycat*.pt"))
    }
    if not trained:
        print(f"error: nothing is trained in {args.work}", file=sys.stderr)
        return 2
    report.write(
        trained,
        load,
        items,
        args.data,
        args.role,
        args.work,
        args.models / NAME if args.write else None,
        VOCODER,
    )
    return 0


def checkpoint(work: Path, ablation: str, seed: int) -> Path:
    """Where a model's training keeps its state."""
    parts = ["copycat", *([] if ablation == "none" else [ablation])]
    return work / ("-".join([*parts, *([f"seed{seed}"] if seed else [])]) + ".pt")


def load(path: Path) -> torch.nn.ModuleDict:
    """Return a trained model without what only its training needs."""
    ablation = re.sub(r"^copycat-?|-?seed\d+$", "", path.stem) or "none"
    state = {
        name: value
        for name, value in torch.load(path, weights_only=True)["modules"].items()
        if not name.startswith("adversary.")
    }
    modules = make_modules(ABLATIONS[ablation], len(state["voices.measured"]))
    modules.load_state_dict(state)
    return modules.eval()


if __name__ == "__main__":
    sys.exit(main())
