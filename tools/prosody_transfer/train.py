"""Train a model; the full one becomes the addon copycat.

    python -m tools.prosody_transfer train --data DIR --work DIR [--ablation NAME] [--seed N]

The same command resumes an interrupted run. The first run aligns the recordings, for all models.
The model of seed 0 without ablation is exported as the addon.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tools.prosody_transfer import training
from tools.prosody_transfer.checkpoints import checkpoint
from tools.prosody_transfer.evaluation import report
from tools.prosody_transfer.export import write_addon
from tools.prosody_transfer.networks.model import ABLATIONS
from tools.prosody_transfer.options import VOCODER, add_options, read_items

STEPS = 4000


def main(argv: Sequence[str] | None = None) -> int:
    """Train; 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_options(parser)
    parser.add_argument("--ablation", choices=ABLATIONS, default="none")
    parser.add_argument("--vocoder", type=Path, default=VOCODER, help="addon with the vocoder")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    items = read_items(args)
    if items is None:
        return 2
    path = checkpoint(args.work, args.ablation, args.seed)
    modules = training.fit(items, args.ablation, path, steps=args.steps, seed=args.seed)
    if path == checkpoint(args.work, "none", 0):
        card = report.card(modules, items, args.steps)
        print(write_addon(modules, items, args.vocoder, args.models, card))
    return 0
