"""`pywakeword info`: what is installed and what the models can do."""

from __future__ import annotations

import argparse
import json

from pywakeword import _core
from pywakeword.commands._options import SubParsers
from pywakeword.models.card_text import describe
from pywakeword.models.files import available_models, read_model


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
        print(describe(card))
    return 0
