"""Shared by all commands on a training run: options, words, stores."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pywakeword.training.echo.material import prepare_left_over
from pywakeword.training.material import rooms
from pywakeword.training.material.corpus import Clip, folder_takes, read_manifest
from pywakeword.training.material.features import Store
from pywakeword.training.material.interference import prepare_interference, prepare_own_voice
from pywakeword.training.material.prepare import prepare_speech, spellings
from pywakeword.training.material.running import (
    prepare_bank,
    prepare_own_natural_voice,
    prepare_spliced,
    read_takes,
    whole_shards,
)
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
    voices: dict[str, int]  # takes of natural voices, by the word that they say or "other"


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that define a run."""
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
    parser.add_argument(
        "--bank",
        action="append",
        default=[],
        type=Path,
        help="a folder of takes by natural voices (pywakeword.training.takes)",
    )
    parser.add_argument(
        "--start",
        action="append",
        default=[],
        type=Path,
        metavar="MODEL",
        help="a .tflite to start from, one per word; then nothing is distilled",
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
        If the data folder or the takes of a word are missing.
    """
    if not (args.data / "manifest.csv").is_file():
        raise ValueError(f"{args.data}: no manifest.csv there")
    clips = read_manifest(args.data, "train")
    takes, kept = _gather_takes(args, clips)
    speech = prepare_speech(
        args.data,
        args.work,
        takes,
        seed=args.seed,
        workers=args.workers,
        teacher=not args.start,
        in_banks=_words_of(args.bank),
    )
    words = tuple(takes)
    more = _running_speech(args, takes, clips)
    # The word in talk about it is neither called nor something else.
    spoken = [word.replace("_", " ") for word in words]
    speech = Store.merged([speech, *(store.without(spoken, but=words) for store in more)])
    stores = [
        prepare_interference(args.data, args.work, seed=args.seed + 1),
        prepare_left_over(args.data, args.work, seed=args.seed + 4),
    ]
    for number, word in enumerate(takes):
        spoken, seed = spellings(word)[0], args.seed + 100 * (number + 1)
        stores.append(prepare_own_voice(args.data, args.work, word, spoken, seed=seed))
        for bank in args.bank:
            stores.append(prepare_own_natural_voice(bank, args.work, word, seed=seed + 1))
    name = "-".join([*takes, args.size] + ["text"] * args.from_text)
    interference = Store.merged(stores)
    shape = sized(args.size, words)
    return Run(name, shape, clips, takes, kept, speech, interference, _count_voices(args, words))


def _running_speech(
    args: argparse.Namespace, takes: dict[str, list[Clip]], clips: list[Clip]
) -> list[Store]:
    """Make the stores in which the words run into other speech."""
    rng = np.random.default_rng(args.seed + 7)
    responses = rooms.measured_rooms(clips) + rooms.simulated_rooms(60, rng)
    stores = []
    for number, (word, recordings) in enumerate(takes.items()):
        if recordings:
            seed = args.seed + 100 * (number + 1) + 50
            stores.append(
                prepare_spliced(
                    args.work, word, recordings, clips, responses, seed=seed, workers=args.workers
                )
            )
    for number, bank in enumerate(args.bank):
        seed = args.seed + 60 + 10_000 * number
        stores += prepare_bank(bank, args.work, responses, seed=seed, workers=args.workers)
    return stores


def _count_voices(args: argparse.Namespace, words: tuple[str, ...]) -> dict[str, int]:
    """Count the takes of the banks; only whole shards are trained on."""
    used = [t for bank in args.bank for t in whole_shards(read_takes(bank))]
    said = [t["keyword"] if t["called"] and t["keyword"] in words else "other" for t in used]
    return dict(Counter(said))


def _words_of(banks: list[Path]) -> set[str]:
    """Wake words that the voices of the banks say."""
    return {take["keyword"] for bank in banks for take in read_takes(bank) if take["called"]}


def _gather_takes(
    args: argparse.Namespace, clips: list[Clip]
) -> tuple[dict[str, list[Clip]], list[Clip]]:
    folders = dict(item.split("=", 1) for item in args.takes if "=" in item)
    if len(folders) < len(args.takes) or not folders.keys() <= set(args.words):
        raise ValueError("--takes needs WORD=DIR, with a WORD that is trained")
    takes: dict[str, list[Clip]] = {}
    kept: list[Clip] = []
    spoken = _words_of(args.bank)
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
        elif not takes[word] and word not in spoken:
            raise ValueError(
                f"no takes of {word} with split=train, release=ok; give --takes {word}=DIR, "
                f"--bank DIR with {word} in it, or --from-text to train on synthetic voices alone"
            )
    return takes, kept
