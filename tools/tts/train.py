"""Train a bundled addon from plain text.

    python -m tools.tts train ADDON --trees DIR --work DIR

ADDON is `slt-parallel` (attention-free), `slt-attention` (legacy, teacher forced), which use the
same vocoder, or `hibari-parallel`, which learns from a natural voice. The first command trains the
vocoder, or --vocoder copies it from an addon. Each stage keeps its state in the work folder; the
same command resumes or skips it. A work folder is for voices of one teacher.
Needs flite, and a folder of treebank files (*.ptb) for the sentences.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path

import torch

from tools.tts import corpus, export, network, training

SEED = 7
HELD_OUT = 100  # sentences kept for the evaluation


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, and write the addon."""
    parser = argparse.ArgumentParser(prog="python -m tools.tts train", description=__doc__)
    parser.add_argument("addon", choices=export.ADDONS)
    parser.add_argument("--trees", type=Path, required=True, help="folder of *.ptb files")
    parser.add_argument("--work", type=Path, required=True, help="corpus and checkpoints")
    parser.add_argument("--out", type=Path, default=Path("models/tts"))
    parser.add_argument("--sentences", type=int, default=900)
    parser.add_argument("--steps", type=int, help="of the acoustic model")
    parser.add_argument("--vocoder-steps", type=int, default=3000)
    parser.add_argument(
        "--vocoder", type=Path, metavar="FILE", help="copy this vocoder.onnx of an addon"
    )
    args = parser.parse_args(argv)
    if args.vocoder and not args.vocoder.is_file():
        print(f"error: no file {args.vocoder}", file=sys.stderr)
        return 2
    if not any(args.trees.glob("*.ptb")):
        print(f"error: no *.ptb file in {args.trees}", file=sys.stderr)
        return 2
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    utterances = corpus.prepare(
        args.trees,
        args.work,
        seed=SEED,
        count=args.sentences,
        held_out=HELD_OUT,
        teacher=export.ADDONS[args.addon].teacher,
    )
    files = {"vocoder": args.vocoder.read_bytes()} if args.vocoder else {}
    vocoder = (
        network.Vocoder()
        if files
        else training.vocoder(utterances, args.work / "vocoder.pt", steps=args.vocoder_steps)
    )
    train = getattr(training, export.ADDONS[args.addon].trainer)
    steps = args.steps or export.ADDONS[args.addon].steps
    modules = train(utterances, args.work / f"{args.addon}.pt", steps=steps)
    modules["vocoder"] = vocoder
    command = f"python -m tools.tts train {args.addon} --trees DIR --work DIR"
    command += f" --steps {steps}" if args.steps else ""
    command += f" --sentences {args.sentences}" if args.sentences != 900 else ""
    command += " --vocoder FILE" if files else ""
    card = {
        "command": command,
        "seed": SEED,
        "steps": steps,
        "sentences": len(utterances),
        "date": datetime.date.today().isoformat(),
    }
    print(export.write_addon(args.addon, modules, args.out, files=files, training=card))
    return 0
