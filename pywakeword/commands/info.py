"""`pywakeword info`: what is installed and what the models can do."""

from __future__ import annotations

import argparse
import json

from pywakeword import _core
from pywakeword.card import Card
from pywakeword.commands.options import SubParsers
from pywakeword.models import available_models, read_model


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "info", help="show version, instruction set and the bundled models"
    )
    parser.add_argument("--json", action="store_true", help="everything, whole cards included")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the description."""
    cards = [read_model(name).card for name in available_models()]
    if args.json:
        description = {
            "version": _core.__version__,
            "isa": _core.isa(),
            "supported_isas": _core.supported_isas(),
            "models": [card.document for card in cards],
        }
        print(json.dumps(description, indent=2))
        return 0
    print(f"pywakeword {_core.__version__}")
    print(f"instruction set: {_core.isa()} (supported: {', '.join(_core.supported_isas())})")
    for card in cards:
        print()
        print(_describe(card))
    return 0


def _describe(card: Card) -> str:
    lines = [
        f"model {card.name} ({card.n_bytes} bytes)",
        f"  {card.document.get('description', 'no description')}",
        f"  licence: {card.document.get('licence', 'not stated')}",
    ]
    for word, calibration in card.calibration.items():
        at_default = calibration.row_for(calibration.default_threshold)
        lines.append(
            f"  {word}: threshold {calibration.default_threshold:g}: {at_default.miss_rate:.1%} of "
            f"{calibration.positives} takes missed, {at_default.false_accepts_per_hour:.2g} false "
            f"accepts an hour in {calibration.negative_hours:.3g} h"
        )
    return "\n".join(lines)
