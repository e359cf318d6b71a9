"""What the device state is worth: python -m tools.accuracy metadata alexa computer --data DIR.

Four networks from the same distilled trunk, on the same mixtures: without metadata, with
FiLM, with the embedding before the last layer, with both; several seeds. Each is scored on
dev takes and negatives in every playback state, with the right state, none, or a wrong
one. Runs on the stores of `python -m tools.release train` in the same work folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pywakeword import DeviceState
from pywakeword.measure.evaluation import frr_at_fa, peaks, wilson_interval
from pywakeword.training.figures.conditions import Condition, Conditions, Stream
from pywakeword.training.figures.develop import outputs, smooth
from pywakeword.training.material.features import lfbe
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import REFRACTORY_S, SMOOTHING, Shape
from pywakeword.training.network.stages import Curriculum, distil, teach_words
from pywakeword.training.run import Run, add_run_options, prepare_run

ARMS = {
    "baseline": (False, False),
    "film": (True, False),
    "concatenate": (False, True),
    "both": (True, True),
}
# State -> conditions of its takes; each take is tested in all of them.
STATES: dict[str, tuple[tuple[str, float, bool], ...]] = {
    "none": (("", 0.0, False), ("noise", 5.0, False), ("babble", 5.0, False), ("noise", 5.0, True)),
    "music": (("music", 5.0, False), ("music", 0.0, False), ("music", -6.0, False)),
    "tts": (("tts", 5.0, False), ("tts", 0.0, False), ("tts", -6.0, False)),
    "alarm": (("alarm", 5.0, False), ("alarm", 0.0, False), ("alarm", -6.0, False)),
}
WRONG = {"none": "music", "music": "none", "tts": "alarm", "alarm": "tts"}
RATES = (0.5, 1.0)


def prepare_streams(conditions: Conditions, words: tuple[str, ...]) -> dict[str, Any]:
    """Make the features of takes and negatives per state."""

    def features(streams: list[Stream]) -> list[Any]:
        return [lfbe(s.pcm.astype(np.float32) / 32768).astype(np.float16) for s in streams]

    made: dict[str, Any] = {}
    for state, wanted in STATES.items():
        takes = {
            w: [s for c in wanted for s in conditions.positives(w, Condition(*c))] for w in words
        }
        if state == "none":
            streams = [*conditions.negatives(words), *conditions.negatives_in(words, "noise")]
        else:
            streams = list(conditions.negatives_in(words, state))
        made[state] = {
            "takes": {w: features(t) for w, t in takes.items()},
            "negatives": np.concatenate(features(streams)),
            "hours": sum(len(s.pcm) for s in streams) / 16_000 / 3600,
        }
    return made


def score(
    network: Network, streams: dict[str, Any], given: dict[str, DeviceState]
) -> dict[str, Any]:
    """Count misses per state at each rate, summed over the words."""
    network.eval()
    words = network.shape.words
    row: dict[str, Any] = {}
    for state, made in streams.items():
        posteriors = 1 / (1 + np.exp(-outputs(network, made["negatives"], given[state])[:, :, 0]))
        scores = smooth(posteriors, SMOOTHING)
        cell = {str(r): [0, 0] for r in RATES}
        for i, word in enumerate(words):
            found = peaks(scores[:, i], 0.01 * network.shape.stride, REFRACTORY_S)
            best = [
                float(smooth(1 / (1 + np.exp(-outputs(network, t, given[state])[:, i, 0]))).max())
                for t in made["takes"][word]
            ]
            for rate in RATES:
                point = frr_at_fa(best, found, made["hours"], rate)
                cell[str(rate)][0] += point.misses
                cell[str(rate)][1] += point.positives
        row[state] = cell
    return row


def train_arm(arm: str, seed: int, trunk: Network, run: Run, args: argparse.Namespace) -> Network:
    """Train one network of the table from the common trunk."""
    film, concatenate = ARMS[arm]
    shape = replace(run.shape, film=film, concatenate=concatenate)
    torch.manual_seed(seed)
    network = Network(shape)
    network.load_state_dict(trunk.state_dict(), strict=False)
    curriculum = Curriculum(run.speech, run.interference, shape, seed)
    teach_words(network, curriculum, args.work / "metadata", steps=args.steps, name=f"{arm}-{seed}")
    return network


def main(argv: list[str] | None = None) -> int:
    """Train what is missing, score, print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy metadata", description=__doc__)
    add_run_options(parser)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--distil-steps", type=int, default=6000)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--train-only", action="store_true", help="several at once: score later")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    args = parser.parse_args(argv)
    try:
        run = prepare_run(args)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    (args.work / "metadata").mkdir(parents=True, exist_ok=True)
    trunk = Network(Shape(film=False, concatenate=False))
    curriculum = Curriculum(run.speech, run.interference, trunk.shape, 1)
    distil(trunk, curriculum, args.work / "metadata", steps=args.distil_steps)
    networks = {
        (arm, s): train_arm(arm, s, trunk, run, args) for s in args.seeds for arm in args.arms
    }
    if args.train_only:
        return 0
    streams = prepare_streams(Conditions(args.data, cache=args.work), run.shape.words)
    table = evaluate(networks, streams)
    print_table(table, streams)
    if args.out is not None:
        args.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


def evaluate(networks: dict[tuple[str, int], Network], streams: dict[str, Any]) -> dict[str, Any]:
    """Score every network with the right state, none, and a wrong one."""
    right = {s: DeviceState("speaker", s, None if s == "none" else 0.5) for s in STATES}
    given = {
        "right": right,
        "unknown": dict.fromkeys(STATES, DeviceState()),
        "wrong": {s: replace(right[s], playback=WRONG[s]) for s in STATES},
    }
    table: dict[str, Any] = {}
    for (arm, seed), network in networks.items():
        for name, states in given.items():
            if arm == "baseline" and name != "right":
                continue  # it takes no state
            table.setdefault(f"{arm}, {name} state" if arm != "baseline" else arm, {})[
                str(seed)
            ] = score(network, streams, states)
    return table


def print_table(table: dict[str, Any], streams: dict[str, Any]) -> None:
    """Print misses in %, all seeds pooled, with intervals and the change against the baseline."""
    hours = ", ".join(f"{s} {v['hours']:.2f} h" for s, v in streams.items())
    print(f"negatives: {hours}")
    for rate in RATES:
        print(f"\nmisses in % at {rate:g} false accepts per hour, all seeds")
        print("| network | " + " | ".join(STATES) + " | change over playback states |")
        print("|---" * (len(STATES) + 2) + "|")
        base = (
            {s: _pooled(table["baseline"], s, rate) for s in STATES} if "baseline" in table else {}
        )
        for name, seeds in table.items():
            cells, changes = [], []
            for state in STATES:
                misses, takes = _pooled(seeds, state, rate)
                low, high = wilson_interval(misses, takes)
                cells.append(f"{100 * misses / takes:.1f} [{100 * low:.1f}, {100 * high:.1f}]")
                if state != "none" and base and base[state][0]:
                    changes.append(100 * (misses / base[state][0] - 1))
            change = f"{np.mean(changes):+.1f} %" if changes else "-"
            print(f"| {name} | " + " | ".join(cells) + f" | {change} |")


def _pooled(seeds: dict[str, Any], state: str, rate: float) -> tuple[int, int]:
    cells = [row[state][str(rate)] for row in seeds.values()]
    return sum(c[0] for c in cells), sum(c[1] for c in cells)
