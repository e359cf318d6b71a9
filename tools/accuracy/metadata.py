"""What the device state is worth: python -m tools.accuracy metadata alexa computer --data DIR.

Networks without and with the state (FiLM, and the embedding before the last layer), several
seeds, trained on the same mixtures from one trunk: that of the models in --start with the state
frozen at "unknown", or a distilled one. Each is scored on dev takes and negatives in every
playback state, with the right state, none, or a wrong one, at one threshold for all states and
at one per state. Runs on the stores of `python -m tools.release train` in the same work folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pywakeword.training.figures.conditions import Conditions
from pywakeword.training.network.mining import mine
from pywakeword.training.network.network import Network
from pywakeword.training.network.stages import Curriculum, Drawn, Trainer, distil, word_losses
from pywakeword.training.network.warm_start import load_models, restore_normalisation
from pywakeword.training.run import Run, add_run_options, prepare_run
from tools.accuracy.frozen_state import load_frozen
from tools.accuracy.state_scores import Scores, misses, prepare_streams, score
from tools.accuracy.state_table import print_table

ARMS = {
    "baseline": (False, False),
    "film": (True, False),
    "concatenate": (False, True),
    "state in the network": (True, True),
}
_STATISTICS_BATCHES, _BATCH = 20, 48


def make_trunk(run: Run, args: argparse.Namespace) -> Network:
    """Return the network without a state that every arm begins with."""
    bare = replace(run.shape, film=False, concatenate=False)
    if not args.start:
        trunk = Network(replace(bare, words=()))
        curriculum = Curriculum(run.speech, run.interference, trunk.shape, 1)
        distil(trunk, curriculum, args.work / "metadata", steps=args.distil_steps)
        network = Network(bare)
        network.load_state_dict(trunk.state_dict(), strict=False)
        return network
    started = Network(run.shape)
    load_models(started, args.start)
    curriculum = Curriculum(run.speech, run.interference, run.shape, args.seed)
    batches = (curriculum.words(_BATCH)[0] for _ in range(_STATISTICS_BATCHES))
    restore_normalisation(started, ((mixed.features, mixed.state) for mixed in batches))
    frozen = Network(bare)
    load_frozen(frozen, started)
    return frozen


def train_arms(
    seed: int, start: Network, hardness: Any, run: Run, args: argparse.Namespace
) -> dict[str, Network]:
    """Train the networks of one seed side by side, on the same batches."""
    torch.manual_seed(seed)
    networks = {}
    for arm in args.arms:
        film, concatenate = ARMS[arm]
        networks[arm] = Network(replace(run.shape, film=film, concatenate=concatenate))
        load_frozen(networks[arm], start)
    curriculum = Curriculum(run.speech, run.interference, run.shape, seed)
    curriculum.hardness = hardness
    trainer = Trainer(
        f"{args.size}-{args.steps}-{seed}",
        nn.ModuleList(networks.values()),
        args.work / "metadata",
        steps=args.steps,
        rate=args.rate,
        seed=seed,
    )

    def losses_of(drawn: Drawn) -> dict[str, Tensor]:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bfloat16):
            return {
                f"{arm} {name}": loss
                for arm, network in networks.items()
                for name, loss in word_losses(network, drawn)[0].items()
            }

    trainer.run(lambda: curriculum.words(args.batch), losses_of, restart=curriculum.restart)
    return networks


def hard_negatives(start: Network, run: Run, args: argparse.Namespace) -> Any:
    """Rank the negatives once, with the network that all begin with."""
    curriculum = Curriculum(run.speech, run.interference, run.shape, args.seed)
    file = args.work / "metadata" / f"hardness-{args.size}.npy"
    if args.start and file.exists():
        return np.load(file)
    if args.start:
        print(mine(start, curriculum), flush=True)
        np.save(file, curriculum.hardness)
    return curriculum.hardness


def main(argv: Sequence[str] | None = None) -> int:
    """Train what is missing, score, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy metadata", description=__doc__)
    add_run_options(parser)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--arms", nargs="+", default=["baseline", "state in the network"], choices=list(ARMS)
    )
    parser.add_argument("--distil-steps", type=int, default=6000)
    parser.add_argument("--steps", type=int, default=16_000)
    parser.add_argument("--rate", type=float, default=2.5e-3, help="highest learning rate")
    parser.add_argument("--batch", type=int, default=64, metavar="CLIPS", help="clips of a step")
    parser.add_argument("--bfloat16", action="store_true", help="convolutions in bfloat16")
    parser.add_argument(
        "--given",
        nargs="+",
        default=["right", "unknown", "wrong"],
        choices=["right", "unknown", "wrong"],
        help="states that the networks get when they are scored",
    )
    parser.add_argument("--train-only", action="store_true", help="several at once: score later")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    args = parser.parse_args(argv)
    try:
        run = prepare_run(args)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if "baseline" not in args.arms and not args.train_only:
        parser.error("--arms needs the baseline: the others are compared with it")
    torch.set_num_threads(1)
    (args.work / "metadata").mkdir(parents=True, exist_ok=True)
    start = make_trunk(run, args)
    hardness = hard_negatives(start, run, args)
    seeds = [train_arms(seed, start, hardness, run, args) for seed in args.seeds]
    if args.train_only:
        return 0
    streams = prepare_streams(Conditions(args.data, cache=args.work), run.shape.words)
    scores: dict[str, list[Scores]] = {}
    for arm in args.arms:
        for state in ("right",) if arm == "baseline" else args.given:
            name = arm if arm == "baseline" else f"{arm}, {state} state"
            scores[name] = [score(networks[arm], streams, state) for networks in seeds]
    print_table(scores, {state: made.hours for state, made in streams.items()})
    if args.out is not None:
        counted = {
            f"{name}; {thresholds}": [misses(s, thresholds).tolist() for s in seeds]
            for name, seeds in scores.items()
            for thresholds in ("one threshold", "one per state")
        }
        args.out.write_text(json.dumps(counted, indent=1) + "\n", encoding="utf-8")
    return 0
