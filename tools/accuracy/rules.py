"""Measure the rules around the network: python -m tools.accuracy rules MODEL --data DIR.

For a model: misses by the number of outputs that are averaged; what the rule costs that holds
a report until the network puts the end of the word 60 ms back; and how often "alexa, alexa" is
reported twice, by the refractory time. Each for words alone and in one breath.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import pywakeword
from pywakeword.audio import ArraySource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.measure.evaluation import frr_at_fa, peaks
from pywakeword.measure.scanning import scan
from pywakeword.training.figures.conditions import Conditions, Stream
from pywakeword.training.figures.develop import smooth
from pywakeword.training.network.shape import REFRACTORY_S

_AVERAGED = (1, 2, 3, 4, 6)
_CONDITIONS = ("quiet", "noise 5", "one breath")
_GAPS_S = (0.1, 0.3, 0.6, 1.0)
_REFRACTORY_S = (0.3, 0.5, 1.0)

Scores = npt.NDArray[np.floating]


def main(argv: list[str] | None = None) -> int:
    """Print the tables as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.accuracy rules", description=__doc__)
    parser.add_argument("model", type=Path, help="a .tflite with its card beside it")
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--held-out", type=Path, help="takes by voices that are not trained on")
    parser.add_argument("--cache", type=Path, help="where rendered interference is kept")
    args = parser.parse_args(argv)
    if not (args.data / "manifest.csv").is_file():
        print(f"error: {args.data}: no manifest.csv there", file=sys.stderr)
        return 2
    conditions = Conditions(args.data, cache=args.cache, held_out=args.held_out)
    (word,) = pywakeword.WakeWord(str(args.model)).keywords
    takes = {n: list(conditions.positives(word, n)) for n in _CONDITIONS if n in conditions.names}
    averaged, threshold = averaging(args.model, word, takes, conditions)
    made = {
        "model": args.model.name,
        "averaged": averaged,
        "threshold": round(threshold, 3),
        "hold": {name: hold(args.model, threshold, streams) for name, streams in takes.items()},
        "refractory": refractory(args.model, threshold, takes["quiet"]),
    }
    print(json.dumps(made, indent=1))
    return 0


def averaging(
    model: Path, word: str, takes: dict[str, list[Stream]], conditions: Conditions
) -> tuple[list[dict[str, object]], float]:
    """Return misses at 1 false accept per hour by outputs averaged, and the card's threshold."""
    with tempfile.TemporaryDirectory() as folder:
        raw = pywakeword.WakeWord(str(_without_smoothing(model, Path(folder))))

        def posterior(stream: Stream) -> Scores:
            raw.device_state = stream.state
            return scan(raw, ArraySource(stream.pcm))[0][:, 0]

        found = {n: [posterior(s) for s in streams] for n, streams in takes.items()}
        negatives, seconds = [], 0.0
        for stream in _negatives(conditions, word):
            negatives.append(posterior(stream))
            seconds += len(stream.pcm) / SAMPLE_RATE_HZ
        step_s = raw.frame_shift_s
    hours = seconds / 3600
    card = json.loads(model.with_suffix(".json").read_text(encoding="utf-8"))
    shipped = int(card["detector"]["smoothing_outputs"])
    rows: list[dict[str, object]] = []
    chosen = 0.5
    for outputs in _AVERAGED:
        every = np.concatenate([peaks(smooth(p, outputs), step_s, REFRACTORY_S) for p in negatives])
        points = {
            name: frr_at_fa([float(smooth(p, outputs).max()) for p in each], every, hours, 1.0)
            for name, each in found.items()
        }
        row: dict[str, object] = {"outputs": outputs}
        row |= {name: f"{p.misses}/{p.positives}" for name, p in points.items()}
        rows.append(row)
        if outputs == shipped:
            chosen = float(np.clip(points["quiet"].threshold, 0.05, 0.999))
    return rows, chosen


def hold(model: Path, threshold: float, streams: list[Stream]) -> dict[str, object]:
    """Return the delay after the end of the word: of the threshold crossing, and of the report."""
    spotter = pywakeword.WakeWord(str(model), threshold=threshold)
    crossings, reports, ends = [], [], []
    for stream in streams:
        if stream.word is None:
            continue
        spotter.device_state = stream.state
        scores = scan(spotter, ArraySource(stream.pcm))[0][:, 0]
        spotter.reset()
        detections = spotter.process(np.concatenate([stream.pcm, np.zeros(8000, np.int16)]))
        if not detections:
            continue
        first = int(np.argmax(scores >= threshold)) * spotter.frame_shift_s
        crossings.append(1000 * first - stream.word[1] / 16)
        reports.append((detections[0].detected_sample - stream.word[1]) / 16)
        ends.append(abs(detections[0].end_sample - stream.word[1]) / 16)
    if not reports:
        return {"reported": 0}
    return {
        "reported": len(reports),
        "crossing_median_ms": round(float(np.median(crossings))),
        "report_median_ms": round(float(np.median(reports))),
        "report_p90_ms": round(float(np.percentile(reports, 90))),
        "end_error_median_ms": round(float(np.median(ends))),
    }


def refractory(model: Path, threshold: float, streams: list[Stream]) -> list[dict[str, object]]:
    """Count reports of a word that is said twice, by the gap between, and of one said once."""
    words = [s.pcm[s.word[0] : s.word[1]] for s in streams if s.word is not None]
    rows = []
    for seconds in _REFRACTORY_S:
        spotter = pywakeword.WakeWord(str(model), threshold=threshold, refractory_s=seconds)

        def reports(pcm: npt.NDArray[np.int16], spotter: pywakeword.WakeWord = spotter) -> int:
            spotter.reset()
            silence = np.zeros(SAMPLE_RATE_HZ, np.int16)
            return len(spotter.process(np.concatenate([silence, pcm, silence])))

        row: dict[str, object] = {"refractory_s": seconds}
        row["once, reported twice"] = sum(reports(w) > 1 for w in words)
        for gap_s in _GAPS_S:
            gap = np.zeros(round(gap_s * SAMPLE_RATE_HZ), np.int16)
            twice = sum(reports(np.concatenate([w, gap, w])) == 2 for w in words)
            row[f"gap {gap_s:g} s, reported twice"] = f"{twice}/{len(words)}"
        rows.append(row)
    return rows


def _negatives(conditions: Conditions, word: str) -> Iterator[Stream]:
    yield from conditions.negatives((word,))
    yield from conditions.more_negatives((word,))


def _without_smoothing(model: Path, folder: Path) -> Path:
    """Copy the model with a card that averages one output, so that scores are the posteriors."""
    card = json.loads(model.with_suffix(".json").read_text(encoding="utf-8"))
    card["detector"]["smoothing_outputs"] = 1
    copy = folder / model.name
    shutil.copy(model, copy)
    copy.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")
    return copy


if __name__ == "__main__":
    sys.exit(main())
