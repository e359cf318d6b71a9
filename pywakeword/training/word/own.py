"""A user's own recordings: takes of the word, and hours of a room without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.errors import PyWakewordError
from pywakeword.training.material.boundaries import word_boundaries
from pywakeword.training.material.corpus import READABLE, Clip, decode
from pywakeword.training.material.features import Store, StoreWriter, lfbe

_LONGEST_TAKE_S = 6.0
_CLIPPED_SHARE = 0.02  # of the samples at the limit
_SHORTEST_NEGATIVE_S = 1.0
_PIECE_S = 60
# With fewer takes than this, all are trained on and none is kept to measure.
_FEWEST_TO_KEEP = 12
_EVERY = 6


class RecordingsError(PyWakewordError):
    """Recordings that cannot be used; one line for each."""

    def __init__(self, folder: Path, faults: list[str]) -> None:
        super().__init__(folder, faults)
        self.folder, self.faults = folder, faults

    def __str__(self) -> str:
        return "\n".join(f"{self.folder / fault}" for fault in self.faults)


def own_takes(folder: Path, label: str) -> tuple[list[Clip], list[Clip]]:
    """Return the takes to train on, and those kept to measure: every sixth of twelve or more.

    Raises
    ------
    RecordingsError
        If a take has a low rate, is silent, clipped, long, or cannot be read.
    """
    paths = _recordings(folder)
    _refuse(folder, [(path, _take_fault(path)) for path in paths])
    kept = len(paths) >= _FEWEST_TO_KEEP
    clips = [_clip(path, label) for path in paths]
    measured = [kept and i % _EVERY == _EVERY - 1 for i in range(len(paths))]
    train = [c for c, m in zip(clips, measured) if not m]
    return train, [c for c, m in zip(clips, measured) if m]


def own_negatives(folder: Path, work: Path) -> Store:
    """Make (or reopen) the features of recordings without the word, in pieces of a minute.

    Raises
    ------
    RecordingsError
        If a recording has a low rate, is silent, or cannot be read.
    """
    if Store.exists(work):
        return Store.read(work)
    writer = StoreWriter(work)
    for path in check_negatives(folder):
        samples = decode(path)
        for begin in range(0, len(samples), _PIECE_S * SAMPLE_RATE_HZ):
            piece = samples[begin : begin + _PIECE_S * SAMPLE_RATE_HZ]
            if len(piece) >= _SHORTEST_NEGATIVE_S * SAMPLE_RATE_HZ:
                writer.add(lfbe(piece), None, kind="real", label="", group=path.stem)
    writer.close()
    return Store.read(work)


def check_negatives(folder: Path) -> list[Path]:
    """Return the recordings without the word, all of which can be used."""
    paths = _recordings(folder)
    _refuse(folder, [(path, _recording_fault(path)) for path in paths])
    return paths


def seconds_of(paths: list[Path]) -> float:
    """Return how long recordings are together."""
    soundfile = require("soundfile", "audio")
    return float(sum(soundfile.info(path).duration for path in paths))


def _recordings(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise RecordingsError(folder, ["no such folder"])
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower().lstrip(".") in READABLE)
    if not paths:
        raise RecordingsError(folder, [f"holds no recording ({', '.join(READABLE)})"])
    return paths


def _refuse(folder: Path, checked: list[tuple[Path, str]]) -> None:
    faults = [f"{path.name}: {fault}" for path, fault in checked if fault]
    if faults:
        raise RecordingsError(folder, faults)


def _take_fault(path: Path) -> str:
    """Return what is wrong with a take, or nothing."""
    samples, fault = _read(path)
    if fault:
        return fault
    seconds = len(samples) / SAMPLE_RATE_HZ
    if seconds > _LONGEST_TAKE_S:
        return f"{seconds:.1f} s long; a take is the word alone, at most {_LONGEST_TAKE_S:g} s"
    loudest = float(np.abs(samples).max())
    if loudest > 0.5 and np.mean(np.abs(samples) > 0.99 * loudest) > _CLIPPED_SHARE:
        return "clipped; record it again at a lower level"
    try:
        word_boundaries(samples)
    except ValueError as error:
        return str(error)
    return ""


def _recording_fault(path: Path) -> str:
    samples, fault = _read(path)
    if fault:
        return fault
    if len(samples) < _SHORTEST_NEGATIVE_S * SAMPLE_RATE_HZ:
        return "shorter than a second"
    return ""


def _read(path: Path) -> tuple[npt.NDArray[np.float32], str]:
    soundfile = require("soundfile", "audio")
    nothing = np.zeros(0, np.float32)
    try:
        rate = soundfile.info(path).samplerate
        if rate < SAMPLE_RATE_HZ:
            return nothing, f"{rate} Hz; record at {SAMPLE_RATE_HZ} Hz or more"
        samples = decode(path)
    except (OSError, RuntimeError) as error:  # soundfile raises subclasses of RuntimeError
        return nothing, f"cannot be read ({str(error).splitlines()[0]})"
    if not len(samples) or not np.isfinite(samples).all() or np.abs(samples).max() < 1e-3:
        return nothing, "the recording is silent"
    return samples, ""


def _clip(path: Path, label: str) -> Clip:
    return Clip(
        path=path,
        category="wakewords",
        label=label,
        group=path.stem,
        transcript=label.replace("_", " "),
        source=path.parent.name,
        licence="the user's own",
        qa=frozenset(),
    )
