"""From recordings to verifier models: python -m tools.verifier train WORD... --data DIR --work DIR.

Trains the CRA network that ships and what it is compared with (CNN-76, CNN-100, CNN-195 and
a 2-stage DNN-HMM), all on the same batches. Recordings, synthetic speech and the distilled
trunk are those of tools.release and are made if --work does not hold them; the device model
is the bundled one unless --device-models names a folder. A stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from pywakeword.training.material.prepare import spellings
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import sized
from pywakeword.training.run import add_run_options, prepare_run
from tools.release.train import distil_trunk
from tools.verifier.data.candidates import Candidates, Scanner
from tools.verifier.data.sampling import Sampler
from tools.verifier.data.streams import TrainStreams
from tools.verifier.networks.export import export
from tools.verifier.networks.training import (
    VerifierNetworks,
    run_name,
    second_stage_examples,
    train,
)

_SCAN_THRESHOLD = 0.05
_COPIES = 1  # of every clip over a sound, beside the one in quiet
_NEAR_MISSES = 300  # of each word


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Command line of the training run."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.verifier train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_run_options(parser)
    parser.add_argument(
        "--out", type=Path, default=Path("models/verifier"), help="where models and cards go"
    )
    parser.add_argument(
        "--device-models",
        type=Path,
        metavar="DIR",
        help="folder with WORD.tflite, instead of the bundled models",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[1, 2, 3],
        help="of the verifiers; the first one's CRA is exported",
    )
    parser.add_argument(
        "--only-cra", action="store_true", help="train nothing to compare with, in half the time"
    )
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--distil-steps", type=int, default=20_000)
    args = parser.parse_args(argv)
    if args.size != "standard":
        parser.error("verifiers are built on the trunk of --size standard")
    return args


def device_model(args: argparse.Namespace, word: str) -> str | Path:
    """Return what the device listens with."""
    return word if args.device_models is None else Path(args.device_models / f"{word}.tflite")


def train_candidates(args: argparse.Namespace, words: tuple[str, ...]) -> Candidates:
    """Scan (or reopen) the train negatives with the devices at a loose threshold."""
    path = args.work / f"candidates-train-{'-'.join(words)}.npz"
    if not path.exists():
        streams = TrainStreams(args.data, seed=11)
        scanners = {w: Scanner(device_model(args, w), [_SCAN_THRESHOLD], level=True) for w in words}
        for group, stream in streams.negative_streams(words, copies=_COPIES):
            for scanner in scanners.values():
                scanner.add([(group, "train", stream)])
        for word, scanner in scanners.items():
            missed = streams.near_misses(spellings(word)[1], _NEAR_MISSES)
            scanner.add((group, "near miss", stream) for group, stream in missed)
        Candidates.merged([s.candidates() for s in scanners.values()]).save(path)
    found = Candidates.read(path)
    print(f"{len(found)} false accepts of the devices on the train split")
    return found


def main(argv: list[str] | None = None) -> int:
    """Run every stage that is not done yet."""
    args = parse_arguments(argv)
    try:
        run = prepare_run(args)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # One thread computes while another draws the next batch.
    torch.set_num_threads(1)
    words = run.shape.words
    distilled = Network(sized(args.size, ()))
    distil_trunk(distilled, run, args)
    # Audio that the device itself plays is rejected by its state, which a verifier has not.
    interference = run.interference.without([w.replace("_", " ") for w in words])
    candidates = train_candidates(args, words)
    for seed in args.seeds:
        torch.manual_seed(seed)
        verifiers = VerifierNetworks(distilled, words)
        sampler = Sampler(run.speech, interference, candidates, words, 1000 * seed)
        train(
            verifiers,
            sampler,
            args.work,
            steps=args.steps,
            batch=args.batch,
            seed=seed,
            only_cra=args.only_cra,
        )
        if not args.only_cra:
            examples = args.work / f"{run_name(words, seed)}-second-stage.npz"
            second_stage_examples(verifiers, sampler, examples, batch=args.batch)
        if seed == args.seeds[0]:
            for path in export(verifiers, args, run):
                print(f"{path}: {path.stat().st_size} bytes")
    return 0
