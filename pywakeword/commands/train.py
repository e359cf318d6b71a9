"""`pywakeword train`: a model of a word, from its text."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pywakeword._extras import require
from pywakeword.commands._options import SubParsers

if TYPE_CHECKING:
    from pywakeword.training.word.request import Request

_VOICE = "kokoro"
_NEEDED = ("torch", "scipy", "soundfile", "soxr", "pyroomacoustics", "pocketsphinx", "tqdm")


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "train",
        help="make a model of your own wake word, from its text",
        description="Make a model of a wake word from its text: voices speak it and much else, "
        "and a network learns the difference. The same command resumes a run that was stopped. "
        "Needs the extra train and the package pywakeword-training-data.",
    )
    parser.add_argument("word", nargs="+", metavar="WORD", help='the wake word, e.g. "hey robot"')
    parser.add_argument(
        "--takes", type=Path, metavar="DIR", help="your recordings of the word, one per file"
    )
    parser.add_argument(
        "--negatives", type=Path, metavar="DIR", help="recordings of your room without the word"
    )
    parser.add_argument("--language", default="en", help="of the word (default: en)")
    parser.add_argument("--size", choices=("small", "standard"), default="standard")
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR", help="for the model (default: here)"
    )
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="for what a resumed run needs (default: in --out)"
    )
    parser.add_argument(
        "--workers", type=_count, metavar="N", help="processes (default: one per core)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default: 1)")
    parser.add_argument(
        "--synthetic-takes",
        type=_count,
        metavar="N",
        help="takes that the voices speak; half of them say the word (default: 1000)",
    )
    parser.add_argument(
        "--steps", type=_count, metavar="N", help="batches of training (default: 2500)"
    )
    parser.add_argument("--yes", action="store_true", help="begin without asking")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the plan, and train."""
    from pywakeword.training.word.plan import check_space
    from pywakeword.training.word.run import train_word
    from pywakeword.training.word.text import warnings_of

    request = _request(args)
    check_space(request.work, request.cost.n_bytes)
    for line in request.plan():
        _say(line)
    for warning in warnings_of(request.word, request.data.transcripts()):
        _say(f"warning: {warning}")
    _say_download()
    if not args.yes and sys.stdin is not None and sys.stdin.isatty() and not _agreed():
        return 0
    _install_voice()
    began = time.monotonic()
    path = train_word(request, _report, _bar)
    _say(f"{(time.monotonic() - began) / 60:.1f} minutes")
    _print_result(path)
    return 0


def _request(args: argparse.Namespace) -> Request:
    """Check everything that was given, before anything is made."""
    from pywakeword.training.data.package import find_training_data
    from pywakeword.training.network.shape import model_name
    from pywakeword.training.word.own import check_negatives, own_takes
    from pywakeword.training.word.plan import Amounts
    from pywakeword.training.word.request import Request
    from pywakeword.training.word.text import check_text

    word = check_text(" ".join(args.word), args.language)
    data = find_training_data()
    takes, kept = own_takes(args.takes, word.label) if args.takes else ([], [])
    if args.negatives:
        check_negatives(args.negatives)
    for module in _NEEDED:
        require(module, "train")
    return Request(
        word=word,
        data=data,
        out=args.out,
        work=args.work or args.out / f"{model_name(word.label, args.size)}.work",
        amounts=Amounts().changed(args.synthetic_takes, args.steps),
        takes=takes,
        kept=kept,
        negatives=args.negatives,
        size=args.size,
        seed=args.seed,
        workers=args.workers or os.cpu_count() or 1,
    )


def _say_download() -> None:
    from pywakeword import voices

    entry = voices.entry(_VOICE)
    if not entry.installed and entry.recipe is not None:
        _say(
            f"first downloads the voice {_VOICE}, {entry.recipe.download_bytes / 1e6:.0f} MB "
            f"({entry.licence})"
        )


def _install_voice() -> None:
    from pywakeword import voices

    entry = voices.entry(_VOICE)
    if not entry.installed and entry.recipe is not None:
        voices.install(_VOICE, entry.recipe, _say)


def _agreed() -> bool:
    print("begin? [Y/n] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _report(stage: str) -> None:
    """Name a stage; where bars are drawn, they show how far it is."""
    if not (_draws() and stage.endswith("%")):
        _say(stage)


def _bar(rows: Iterable[Any], count: int, what: str) -> Iterable[Any]:
    """Show how many of `count` rows are made: a bar on a terminal, else a line per 5 percent."""
    if _draws():
        yield from require("tqdm", "train").tqdm(rows, total=count, desc=what)
        return
    shown = 0
    for number, row in enumerate(rows, 1):
        yield row
        if 100 * number // count >= shown + 5:
            shown = 100 * number // count
            _say(f"{what} {shown} %")


def _draws() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _print_result(path: Path) -> None:
    """Print the model's path, and what its card says to expect."""
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    (calibration,) = card["calibration"].values()
    threshold = calibration["default_threshold"]
    row = next(r for r in calibration["table"] if r["threshold"] == threshold)
    _say(
        f"at the threshold {threshold:g}: {row['false_accepts_per_hour']:.2g} false accepts per "
        f"hour, {100 * row['miss_rate']:.0f} % of {calibration['positives']} takes missed "
        f"({calibration['conditions'].split(',')[0]})"
    )
    print(path)


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {text!r}")
    return number
