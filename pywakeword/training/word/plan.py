"""What a run will do and cost, before it does it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from pywakeword.errors import PyWakewordError

# Measured: CPU seconds of one core (docs/measured/own_words.md).
_TAKE_S, _VERSIONS_S, _STEP_S, _QUANTIZED_STEP_S, _REST_S = 1.8, 0.12, 0.16, 0.3, 240.0
_OF_SMALL = 0.4  # a step of the small size takes this share
_TAKE_BYTES, _VERSIONS_BYTES = 60_000, 150_000
_REST_BYTES = 60_000_000
_TAKES = 50


class NoSpaceError(PyWakewordError):
    """The disk has too little room for a run."""


@dataclass(frozen=True)
class Amounts:
    """How much of everything.

    Attributes
    ----------
    takes, held_out : int
        Synthetic takes to train on and to measure with; half of them say the word.
    steps, quantized_steps : int
        Batches of training.
    """

    takes: int = 1000
    held_out: int = 96
    steps: int = 2500
    quantized_steps: int = 300

    def changed(self, takes: int | None, steps: int | None) -> Amounts:
        """Return other amounts where they are given; takes come in fifties, as they are stored."""
        return replace(
            self,
            takes=self.takes if takes is None else -(-takes // _TAKES) * _TAKES,
            steps=self.steps if steps is None else steps,
        )


@dataclass(frozen=True)
class Cost:
    """Minutes and bytes that a run takes."""

    minutes: float
    n_bytes: int


def cost_of(amounts: Amounts, size: str, workers: int, own_takes: int = 0) -> Cost:
    """Return what a run takes on a machine like that of the measurements.

    Takes are spoken by all workers; training uses two cores.
    """
    spoken = (amounts.takes + amounts.held_out) * _TAKE_S
    versions = (amounts.takes + 10 * own_takes) * _VERSIONS_S
    step = 1.0 if size == "standard" else _OF_SMALL
    taught = (amounts.steps * _STEP_S + amounts.quantized_steps * _QUANTIZED_STEP_S) * step
    seconds = (spoken + versions) / workers + taught + _REST_S
    takes = amounts.takes + amounts.held_out
    return Cost(
        seconds / 60,
        takes * _TAKE_BYTES + (amounts.takes + 10 * own_takes) * _VERSIONS_BYTES + _REST_BYTES,
    )


def check_space(folder: Path, needed: int) -> None:
    """Raise `NoSpaceError` if the disk of `folder` has less than `needed` bytes."""
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise NoSpaceError(
            f"{folder} has {free / 1e6:.0f} MB free and the run needs {needed / 1e6:.0f} MB: "
            "make room, or give another --out"
        )
