"""Measure the models trained in the work folder.

python -m tools.prosody_transfer evaluate --data DIR --work DIR [--write | --sound ADDON]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.prosody_transfer.checkpoints import trained_models
from tools.prosody_transfer.evaluation import report
from tools.prosody_transfer.export import NAME
from tools.prosody_transfer.options import VOCODER, add_options, read_items


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate; 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    add_options(parser)
    parser.add_argument(
        "--role",
        choices=("choose", "report"),
        default="report",
        help="test speakers for choosing settings, or for the reported figures",
    )
    parser.add_argument("--write", action="store_true", help="put figures on the addon's card")
    parser.add_argument(
        "--sound", type=Path, metavar="ADDON", help="measure only the sound of this addon"
    )
    args = parser.parse_args(argv)
    items = read_items(args)
    if items is None:
        return 2
    if args.sound:
        chosen, f0 = report.chosen_sources(items, args.data, args.role)
        print(json.dumps({args.sound.name: report.in_sound(args.sound, chosen, f0)}, default=float))
        return 0
    trained = trained_models(args.work)
    if not trained:
        print(f"error: no trained model in {args.work}", file=sys.stderr)
        return 2
    addons = (args.models / NAME, VOCODER) if args.write else None
    report.write(trained, items, args.data, args.role, args.work, addons)
    return 0
