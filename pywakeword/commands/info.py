"""`pywakeword info`: version, instruction set and bundled models."""

from __future__ import annotations

import argparse
import json

from pywakeword import _core
from pywakeword.commands._options import SubParsers
from pywakeword.models.card_text import describe, licences, table
from pywakeword.models.community.files import CommunityModel, read_community
from pywakeword.models.files import available_models, read_model
from pywakeword.models.foreign import community_kind


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "info",
        help="show version, instruction set and bundled models",
        description="Show version, instruction set, and a table of the bundled models with their "
        "default thresholds. With MODEL, show its measured figures as well.",
    )
    parser.add_argument(
        "model",
        nargs="*",
        metavar="MODEL",
        help="bundled model, .tflite file or community model (default: all bundled)",
    )
    parser.add_argument(
        "--licences", action="store_true", help="show the licences of models and training data"
    )
    parser.add_argument("--json", action="store_true", help="print the whole cards as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the description."""
    names = args.model or available_models()
    others = [read_community(name) for name in names if community_kind(name)]
    cards = [read_model(name).card for name in names if not community_kind(name)]
    version, isa, supported_isas = _core.__version__, _core.isa(), _core.supported_isas()
    if args.json:
        description = {
            "version": version,
            "isa": isa,
            "supported_isas": supported_isas,
            "models": [card.document for card in [*cards, *(other.card for other in others)]],
        }
        print(json.dumps(description, indent=2))
        return 0
    print(f"pywakeword {version}, instruction set: {isa} (supported: {', '.join(supported_isas)})")
    blocks = [table(cards)] if cards else []
    if args.model:
        blocks += [describe(card) for card in cards]
        blocks += [_of_community(other) for other in others]
    if args.licences:
        blocks += [licences(card) for card in cards]
    for block in blocks:
        print("", *block, sep="\n")
    return 0


def _of_community(model: CommunityModel) -> list[str]:
    """Return what a manifest says; nothing was measured here."""
    card = model.card
    lines = [
        f"{card.name}: a model of {model.kind}, {card.n_bytes / 1000:.0f} kB (extra community)",
        f"  word {card.keywords[0]}, threshold {model.threshold:g}",
        f"  languages: {', '.join(card.languages) or 'not stated'}",
    ]
    stated = {field: card.document.get(field) for field in ("author", "website")}
    return lines + [f"  {field}: {value}" for field, value in stated.items() if value]
