"""From recordings to verifier models: python -m tools.verifier train WORD... --data DIR --work DIR.

Trains the CRA network that ships and what it is compared with (CNN-76, CNN-100, CNN-195 and
a 2-stage DNN-HMM), all on the same batches. Recordings and synthetic speech are those of
tools.release and are made if --work does not hold them. The device models, whose candidates are
learned from and whose trunk is started from, are the bundled ones unless --device-models names a
folder. A stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from pywakeword.models.bundled import bundled_dir
from pywakeword.training.material.features import Store
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import sized
from pywakeword.training.network.stages import Curriculum
from pywakeword.training.network.warm_start import load_heads, load_models, restore_normalisation
from pywakeword.training.run import Run, add_run_options, prepare_run
from tools.verifier.data.mined import Mined, devices, mine
from tools.verifier.data.sampling import Sampler
from tools.verifier.networks.export import export
from tools.verifier.networks.training import (
    VerifierNetworks,
    run_name,
    second_stage_examples,
    train,
)

_SCAN_THRESHOLD = 0.1
_STATISTICS_BATCHES, _BATCH = 20, 48


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
    parser.add_argument(
        "--wide",
        type=int,
        default=0,
        metavar="CHANNELS",
        help="of further convolutions behind the device's trunk; 0 for none",
    )
    parser.add_argument(
        "--bfloat16", action="store_true", help="convolutions in bfloat16 while training"
    )
    args = parser.parse_args(argv)
    if args.size != "standard":
        parser.error("verifiers are built on the trunk of --size standard")
    args.start = args.start or [model_file(args, args.words[0])]
    return args


def model_file(args: argparse.Namespace, word: str) -> Path:
    """Return the file that the device listens with."""
    folder = bundled_dir() if args.device_models is None else args.device_models
    return Path(folder / f"{word}.tflite")


def start_from_models(device: Network, run: Run, args: argparse.Namespace) -> None:
    """Load one trunk, and the head of every word."""
    load_models(device, args.start)
    load_heads(device, [model_file(args, word) for word in run.shape.words])
    curriculum = Curriculum(run.speech, run.interference, run.shape, args.seed)
    batches = (curriculum.words(_BATCH)[0] for _ in range(_STATISTICS_BATCHES))
    restore_normalisation(device, ((mixed.features, mixed.state) for mixed in batches))


def mined(args: argparse.Namespace, words: tuple[str, ...], store: Store) -> Mined:
    """Find (or reopen) where the devices take train speech for a word."""
    path = args.work / f"mined-{'-'.join(words)}.npz"
    if not path.exists():
        networks = devices({word: model_file(args, word) for word in words})
        Mined.merged([mine(n, store, words, _SCAN_THRESHOLD) for n in networks]).save(path)
    found = Mined.read(path)
    print(f"{len(found)} false accepts of the devices on the train split", flush=True)
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
    device = Network(sized(args.size, words))
    start_from_models(device, run, args)
    candidates = mined(args, words, run.speech)
    for seed in args.seeds:
        torch.manual_seed(seed)
        verifiers = VerifierNetworks(device, words, wide=args.wide)
        sampler = Sampler(run.speech, run.interference, candidates, words, 1000 * seed)
        train(
            verifiers,
            sampler,
            args.work,
            steps=args.steps,
            batch=args.batch,
            seed=seed,
            only_cra=args.only_cra,
            bfloat16=args.bfloat16,
        )
        if not args.only_cra:
            examples = args.work / f"{run_name(words, seed)}-second-stage.npz"
            second_stage_examples(verifiers, sampler, examples, batch=args.batch)
        if seed == args.seeds[0]:
            for path in export(verifiers, args, run):
                print(f"{path}: {path.stat().st_size} bytes")
    return 0
