"""Look-ahead of the encoder; calibration and ablation of the arbitrator.

    python -m tools.endpointing study --data DIR --work DIR [--models DIR] [--write-cards]

Reads what tools.endpointing.train wrote to --work. Look-ahead: token errors of the encoder on
held-out speakers, dynamic against fixed at equal mean latency. Arbitrator: calibration of the
exported network, and retraining without each group of inputs, on the dev speakers that are not
held out (role "other"). --write-cards puts the figures on the cards of --models.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tools.endpointing.data.examples import Pause
from tools.endpointing.data.features import prepare
from tools.endpointing.figures.calibration import ablation, figures, judged
from tools.endpointing.figures.lookahead import compare
from tools.endpointing.networks.arbitration import train_arbitrator
from tools.endpointing.networks.encoder import Encoder, Shape
from tools.endpointing.train import BATCH_SIZES, compared


def main(argv: Sequence[str] | None = None) -> int:
    """Run one study, or both, and print the figures."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, required=True, help="folder of the training")
    parser.add_argument("--models", type=Path, default=Path("models/endpoint"))
    parser.add_argument("--only", choices=("look-ahead", "arbitrator"), help="one of the two")
    parser.add_argument("--seed", type=int, default=1, help="that of the training")
    parser.add_argument("--write-cards", action="store_true", help="put the figures on the cards")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    found: dict[str, dict[str, Any]] = {}
    if args.only != "arbitrator":
        rows = look_ahead(args.data, args.work)
        print("token errors, dynamic against fixed look-ahead, held-out speakers")
        for row in rows:
            print("  " + "  ".join(f"{key} {value}" for key, value in row.items()))
        found["encoder"] = {"look_ahead": rows}
    if args.only != "look-ahead":
        found["arbitrator"] = arbitrator(args.work, args.seed)
        _print_arbitrator(found["arbitrator"])
    if args.write_cards:
        for name, figures_of in found.items():
            _write(args.models / f"{name}.json", figures_of)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def look_ahead(data: Path, work: Path) -> list[dict[str, Any]]:
    """Compare on the held-out utterances, with the float network."""
    network = Encoder(Shape(), np.zeros(Shape().n_mels), np.ones(Shape().n_mels))
    network.load_state_dict(torch.load(work / "encoder.pt", weights_only=True)["network"])
    return compare(network.eval(), compared(prepare(data, work)), BATCH_SIZES)


def arbitrator(work: Path, seed: int) -> dict[str, Any]:
    """Calibration and ablation on the pauses of dev speakers."""
    with (work / "pauses.pickle").open("rb") as file:
        pauses: list[Pause] = pickle.load(file)
    heard = [p for p in pauses if p.role == "train"]
    unheard = [p for p in pauses if p.role == "other"]
    trained = train_arbitrator(heard, unheard, seed=seed)  # the exported network again: same seed
    return {
        "calibration": figures(*judged(trained, unheard)),
        "ablation": ablation(heard, unheard, seeds=(seed, seed + 1, seed + 2)),
    }


def _print_arbitrator(found: dict[str, Any]) -> None:
    calibration = dict(found["calibration"])
    bins = calibration.pop("bins")
    print("arbitrator, dev speakers: " + "  ".join(f"{k} {v}" for k, v in calibration.items()))
    print("  said   ends   n")
    for row in bins:
        print(f"  {row['said']:.3f}  {row['ends']:.3f}  {row['n']}")
    for name, row in found["ablation"].items():
        print(f"  {name:18}" + "  ".join(f"{k} {v}" for k, v in row.items()))


def _write(card_path: Path, found: dict[str, Any]) -> None:
    card = json.loads(card_path.read_text(encoding="utf-8"))
    card["figures"] = {**card.get("figures", {}), **found}
    card_path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
