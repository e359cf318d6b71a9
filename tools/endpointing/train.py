"""Train the encoder and the arbitrator of endpointing; write models/endpoint/.

    python -m tools.endpointing train --data DIR --work DIR [--smart-turn WHEEL] [--steps N]

Stages: alignment (pocketsphinx), features, encoder, pauses, arbitrator. Each writes its result
to --work, and a second run reuses it. With smart-turn's wheel (see tools.endpointing.evaluate),
smart-turn is the arbitrator's teacher on the pauses and cuts of adults. It is not shipped.
"""

from __future__ import annotations

import argparse
import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from pywakeword.endpointing.policy import WaitPolicy
from pywakeword.endpointing.recognisers.encoder import StreamingEncoder
from tools.endpointing.data.examples import Pause, cut, listen, whole
from tools.endpointing.data.features import Item, prepare
from tools.endpointing.figures.lookahead import compare
from tools.endpointing.figures.rivals import SmartTurn
from tools.endpointing.networks.arbitration import train_arbitrator
from tools.endpointing.networks.export import export_arbitrator, export_encoder
from tools.endpointing.networks.training import train_encoder

BATCH_SIZES = (1, 3, 5, 9, 17)
_COMPARED = 200  # utterances


def main(argv: Sequence[str] | None = None) -> int:
    """Run the stages that have no result yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for the results of each stage"
    )
    parser.add_argument("--models", type=Path, default=Path("models/endpoint"))
    parser.add_argument("--smart-turn", type=Path, metavar="WHEEL", help="the teacher")
    parser.add_argument("--steps", type=int, default=1500, help="of the encoder's training")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    items = prepare(args.data, args.work)
    training = {
        "command": "python -m tools.endpointing train --data DIR --work DIR "
        f"--smart-turn WHEEL --steps {args.steps} --seed {args.seed}"
    }
    encoder = train_encoder(items, args.work, steps=args.steps, seed=args.seed)
    rows = compare(encoder, compared(items), BATCH_SIZES)
    for row in rows:
        print("  ".join(f"{k} {v}" for k, v in row.items()))
    heard = [i for i in items if i.utterance.role == "train" and i.labels is not None]
    path = export_encoder(
        encoder,
        args.models,
        {
            "training": {**training, "utterances": len(heard)},
            "data": provenance(heard),
            "figures": {"look_ahead": rows},
        },
    )
    print(path, path.stat().st_size, "bytes")
    teacher = SmartTurn(args.smart_turn) if args.smart_turn else None
    pauses = make_pauses(items, path, args.work, teacher, args.seed)
    arbitrator = train_arbitrator(
        [p for p in pauses if p.role == "train"],
        [p for p in pauses if p.role == "other"],
        seed=args.seed,
    )
    counts = Counter((p.role, p.kind) for p in pauses)
    path = export_arbitrator(
        arbitrator,
        args.models,
        {
            "training": {
                **training,
                "pauses": {" ".join(k): n for k, n in sorted(counts.items())},
                "taught": sum(not np.isnan(p.teacher) for p in pauses),
            },
            "data": provenance([i for i in items if i.utterance.role in ("train", "other")]),
            "policy": asdict(WaitPolicy()),
            "figures": {},
        },
    )
    print(path, path.stat().st_size, "bytes")
    return 0


def compared(items: list[Item]) -> list[Item]:
    """Held-out utterances, evenly drawn, on which look-ahead is compared."""
    held_out = [i for i in items if i.utterance.role == "held_out" and i.labels is not None]
    return held_out[:: max(1, len(held_out) // _COMPARED)]


def make_pauses(
    items: list[Item], encoder: Path, work: Path, teacher: SmartTurn | None, seed: int
) -> list[Pause]:
    """Make, or read, the pauses of all recordings that are not held out, and of one cut of each."""
    path = work / "pauses.pickle"
    if path.exists():
        with path.open("rb") as file:
            return list(pickle.load(file))
    rng = np.random.default_rng(seed)
    source = StreamingEncoder(encoder)
    pauses = []
    chosen = [i for i in items if i.utterance.role in ("train", "other")]
    for item in tqdm(chosen, desc="pauses", mininterval=10):
        versions = [whole(item, rng)]
        if item.spans.cuts and item.utterance.role == "train":
            versions.append(cut(item, rng))
        for pcm, places in versions:
            found = listen(source, item, pcm, places)
            if teacher is not None and item.utterance.adult and item.utterance.role == "train":
                for pause, place in zip(found, places):
                    if pause.asks and pause.kind != "end":  # its label is certain
                        pause.teacher = teacher(pcm[: place.sample + 3200])
            pauses += found
    with path.open("wb") as file:
        pickle.dump(pauses, file)
    return pauses


def provenance(items: list[Item]) -> list[dict[str, Any]]:
    """List sources and licences of the recordings, for the cards."""
    counts = Counter((i.utterance.collection, i.utterance.licence) for i in items)
    return [
        {"source": source, "licence": licence, "files": n}
        for (source, licence), n in sorted(counts.items())
    ]
