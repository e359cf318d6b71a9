"""What every command on a training run shares: its options, its words, its stores."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from pywakeword.training.material.corpus import Clip, folder_takes, read_manifest
from pywakeword.training.material.features import Store
from pywakeword.training.material.interference import prepare_interference, prepare_own_voice
from pywakeword.training.material.prepare import prepare_speech, spellings
from pywakeword.training.network.shape import SIZES, Shape, sized


@dataclass(frozen=True)
class Run:
    """Words, recordings and stores of a run; `name` is that of its checkpoints."""

    name: str
    shape: Shape
    clips: list[Clip]  # split=train, release=ok
    takes: dict[str, list[Clip]]  # of each word, to train on
    kept: list[Clip]  # the user's own takes that are kept for dev
    speech: Store
    interference: Store


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which run is meant."""
    parser.add_argument("words", nargs="+", metavar="WORD", help="labels of wake words in the data")
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument(
        "--takes",
        action="append",
        default=[],
        metavar="WORD=DIR",
        help="a folder with your own recordings of one of the words",
    )
    parser.add_argument(
        "--from-text",
        action="store_true",
        help="train on synthetic voices alone; recordings of the words only measure",
    )
    parser.add_argument("--size", choices=sorted(SIZES), default="standard")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/train"), help="checkpoints and features"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes that prepare recordings")


def prepare_run(args: argparse.Namespace) -> Run:
    """Find the takes and make, or reopen, the stores.

    Raises
    ------
    ValueError
        If the data folder, or the takes of a word, are not there.
    """
    if not (args.data / "manifest.csv").is_file():
        raise ValueError(f"{args.data}: no manifest.csv there")
    clips = read_manifest(args.data, "train")
    takes, kept = _gather_takes(args, clips)
    speech = prepare_speech(args.data, args.work, takes, seed=args.seed, workers=args.workers)
    stores = [prepare_interference(args.data, args.work, seed=args.seed + 1)]
    for number, word in enumerate(takes):
        spoken, seed = spellings(word)[0], args.seed + 100 * (number + 1)
        stores.append(prepare_own_voice(args.data, args.work, word, spoken, seed=seed))
    name = "-".join([*takes, args.size] + ["text"] * args.from_text)
    interference = Store.merged(stores)
    return Run(name, sized(args.size, tuple(takes)), clips, takes, kept, speech, interference)


def _gather_takes(
    args: argparse.Namespace, clips: list[Clip]
) -> tuple[dict[str, list[Clip]], list[Clip]]:
    folders = dict(item.split("=", 1) for item in args.takes if "=" in item)
    if len(folders) < len(args.takes) or not folders.keys() <= set(args.words):
        raise ValueError("--takes needs WORD=DIR, with a WORD that is trained")
    takes: dict[str, list[Clip]] = {}
    kept: list[Clip] = []
    for word in args.words:
        if word in folders:
            folder = Path(folders[word])
            if not folder.is_dir():
                raise ValueError(f"{folder}: no such folder")
            takes[word] = folder_takes(folder, word, "train")
            kept += folder_takes(folder, word, "dev")
        else:
            takes[word] = [c for c in clips if c.category == "wakewords" and c.label == word]
        if args.from_text:
            takes[word] = []
        elif not takes[word]:
            raise ValueError(
                f"no takes of {word} with split=train, release=ok; give --takes {word}=DIR, "
                "or --from-text to train on synthetic voices alone"
            )
    return takes, kept
