"""`pywakeword train` on seconds of data with a voice of tones: run it as a script."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.tone_voice import open_tone_voice, write_training_data
from pywakeword.cli import main
from pywakeword.commands import train
from pywakeword.training.word import run
from pywakeword.training.word.plan import Amounts

AMOUNTS = Amounts(takes=50, held_out=16, steps=60, quantized_steps=5)


def tiny_training(word: str, takes: Path | None, negatives: Path | None, out: Path) -> list[str]:
    """Return the command of a training for `Studio(make_command=...)`."""
    folders = {"--takes": takes, "--negatives": negatives, "--out": out}
    given = [text for option, path in folders.items() if path for text in (option, str(path))]
    return [sys.executable, __file__, word, "--size", "small", "--workers", "1", *given]


def _run(arguments: list[str]) -> int:
    data = Path(arguments[arguments.index("--out") + 1]).parent / "data"
    os.environ["PYWAKEWORD_TRAINING_DATA"] = str(
        data if data.exists() else write_training_data(data)
    )
    train_word = run.train_word

    def train_little(request: Any, *report: Any) -> Path:
        return train_word(replace(request, amounts=AMOUNTS, make_voice=open_tone_voice), *report)

    run.train_word = train_little  # type: ignore[assignment]
    train._say_download = train._install_voice = lambda: None
    return main(["train", *arguments])


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
