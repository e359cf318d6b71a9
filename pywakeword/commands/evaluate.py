"""`pywakeword evaluate`: measures misses at given rates of false accepts, on your audio."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword import _core
from pywakeword._extras import require
from pywakeword.audio import FileSource
from pywakeword.commands._files import AudioFiles
from pywakeword.commands._options import SubParsers, add_state_option
from pywakeword.errors import AudioError, AudioFormatError, CalibrationError
from pywakeword.measure.evaluation import OperatingPoint, calibration_table, frr_at_fa
from pywakeword.measure.scanning import Measurement, measure
from pywakeword.models.calibration import CalibrationRow
from pywakeword.plots.det import save_det_plot
from pywakeword.wakeword import WakeWord

_AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".aiff", ".aif", ".mp3"}
_DEFAULT_RATES = (0.1, 0.5, 1.0, 5.0)


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "evaluate", help="measure misses and false accepts on directories of audio"
    )
    parser.add_argument("--model", required=True, metavar="NAME|PATH", help="the model to measure")
    parser.add_argument("--keyword", help="the word to measure, if the model has more than one")
    parser.add_argument(
        "--positives",
        required=True,
        type=Path,
        metavar="DIR",
        help="files with one word each",
    )
    parser.add_argument(
        "--negatives",
        required=True,
        type=Path,
        metavar="DIR",
        help="files without the word",
    )
    parser.add_argument(
        "--false-accepts-per-hour",
        type=float,
        nargs="+",
        default=_DEFAULT_RATES,
        metavar="RATE",
        help="rates at which to report misses (default: 0.1 0.5 1 5)",
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="folder for results.json and det.png"
    )
    add_state_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Scan both directories, print the misses and write the results."""
    spotter = WakeWord(args.model, device_state=args.state)
    column = _column(spotter, args.keyword)
    positives = _audio_files(args.positives)
    negatives = _audio_files(args.negatives)
    args.out.mkdir(parents=True, exist_ok=True)
    files = AudioFiles("evaluate")
    measured = measure(
        spotter,
        column,
        positives=_sources(positives, "positives", files),
        negatives=_sources(negatives, "negatives", files),
        on_error=files.fail,
    )
    n_positives = len(measured.positive_scores)
    n_negatives = len(negatives) - (files.n_failed - (len(positives) - n_positives))
    if not (n_positives and n_negatives):
        raise AudioError(f"{args.negatives if n_positives else args.positives}: no readable audio")
    points, unsupported = _operating_points(measured, [0.0, *args.false_accepts_per_hour])
    for point in points:
        print(_describe(point, measured.negative_hours))
    for rate in unsupported:
        print(f"{rate:g} FA/h: not measurable on {measured.negative_hours:.3g} h of negatives")
    curve = _det_curve(measured)
    results = {
        **_conditions(args, spotter, column),
        "positives": {"directory": str(args.positives), "files": n_positives},
        "negatives": {
            "directory": str(args.negatives),
            "files": n_negatives,
            "hours": measured.negative_hours,
        },
        "false_accepts_in_positives": measured.false_accepts_in_positives,
        "operating_points": [asdict(point) for point in points],
        "unsupported_rates": unsupported,
        "det_curve": [asdict(row) for row in curve],
    }
    (args.out / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    save_det_plot(args.out / "det.png", curve, points, title=spotter.keywords[column])
    print(f"wrote {args.out / 'results.json'} and {args.out / 'det.png'}")
    return files.exit_code


def _column(spotter: WakeWord, keyword: str | None) -> int:
    words = ", ".join(spotter.keywords)
    if keyword is None:
        if len(spotter.keywords) > 1:
            raise ValueError(f"choose one of the model's keywords with --keyword: {words}")
        return 0
    if keyword not in spotter.keywords:
        raise ValueError(f"the model has no keyword {keyword!r}; it has: {words}")
    return spotter.keywords.index(keyword)


def _audio_files(directory: Path) -> list[Path]:
    if not directory.is_dir():
        what = "is no directory" if directory.exists() else "no such directory"
        raise AudioError(f"{directory}: {what}")
    files = sorted(p for p in directory.rglob("*") if p.suffix.lower() in _AUDIO_SUFFIXES)
    if not files:
        raise AudioError(f"{directory}: no audio files")
    return files


def _sources(paths: Sequence[Path], what: str, files: AudioFiles) -> Iterator[FileSource]:
    # A generator, so that the progress bar appears when reading starts. `disable=None` shows it
    # on a terminal only.
    tqdm = require("tqdm", "evaluate")
    for path in tqdm.tqdm(paths, desc=what, unit="file", disable=None):
        try:
            source = FileSource(path)
            if what == "positives" and not source.duration_s:  # it would count as a miss
                raise AudioFormatError(f"{path}: no audio in it")
        except AudioError as error:
            files.fail(error)
        else:
            yield source


def _operating_points(
    measured: Measurement, rates: Iterable[float]
) -> tuple[list[OperatingPoint], list[float]]:
    points = []
    unsupported = []
    for rate in rates:
        try:
            points.append(
                frr_at_fa(
                    measured.positive_scores, measured.negative_peaks, measured.negative_hours, rate
                )
            )
        except CalibrationError:
            unsupported.append(rate)
    return points, unsupported


def _det_curve(measured: Measurement) -> tuple[CalibrationRow, ...]:
    # The rates change only at scores that occurred.
    thresholds = np.unique(np.concatenate([measured.positive_scores, measured.negative_peaks]))
    return calibration_table(
        measured.positive_scores, measured.negative_peaks, measured.negative_hours, thresholds
    )


def _conditions(args: argparse.Namespace, spotter: WakeWord, column: int) -> dict[str, Any]:
    return {
        "version": _core.__version__,
        "isa": _core.isa(),
        "model": args.model,
        "sha256": spotter.cards[0].sha256,
        "keyword": spotter.keywords[column],
        "state": asdict(args.state),
    }


def _describe(point: OperatingPoint, hours: float) -> str:
    rate = point.false_accepts_per_hour
    return (
        f"{f'{rate:g} FA/h' if rate else f'no FA in {hours:.3g} h'}: FRR {point.frr:.2%} "
        f"(95 % {point.frr_low:.2%} to {point.frr_high:.2%}, "
        f"{point.misses} of {point.positives} missed) at threshold {point.threshold:.4f}"
    )
