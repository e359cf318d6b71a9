"""Speak the takes for "one breath" in held-out voices: python -m tools.accuracy held-out DIR.

Voices that no model is trained on say every word alone, in one breath with a command, with
a pause before it, and behind a few other words; and they talk about it. Install the voices
first: `pywakeword voices --install NAME`. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from pywakeword.training.takes.bank import fill
from pywakeword.training.takes.evaluation import MORE_KINDS, evaluation_tasks
from pywakeword.training.takes.plan import Task
from pywakeword.training.takes.words import WORDS
from pywakeword.voices import VoiceNotInstalledError, open_voice


@dataclass
class _Tasks:
    """Task of a number; workers get a copy."""

    tasks: list[Task]

    def __call__(self, number: int) -> Task:
        return self.tasks[number]


def main(argv: list[str] | None = None) -> int:
    """Fill the folder."""
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy held-out", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument(
        "--words", nargs="+", choices=["all", *WORDS], default=["all"], metavar="WORD"
    )
    parser.add_argument(
        "--per-speaker", type=int, default=4, help="takes per word, kind and speaker"
    )
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(argv)
    words = list(WORDS) if args.words == ["all"] else args.words
    tasks = evaluation_tasks(words, args.per_speaker)
    fewer = max(args.per_speaker // 2, 1)
    tasks += evaluation_tasks(words, fewer, kinds=MORE_KINDS, first=len(tasks))
    try:
        rows = fill(args.folder, _Tasks(tasks), len(tasks), open_voice, args.workers)
        for _ in tqdm(rows, desc="new takes"):
            pass
    except VoiceNotInstalledError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
