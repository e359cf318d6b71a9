"""Stage 4: quantize, measure with the real core on dev, write the model and its card."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pywakeword
from pywakeword import _core
from pywakeword.audio import ArraySource
from pywakeword.device_state import DEVICE_TYPES, PLAYBACKS, VOLUME_EDGES
from pywakeword.evaluation import calibration_table, frr_at_fa, peaks
from pywakeword.scanning import scan
from tools.evaluate.conditions import CONDITIONS, FLOOR_DBFS, Conditions, Stream
from tools.export.keyword_graph import build, calibrate, fold
from tools.train.corpus import Clip
from tools.train.develop import SMOOTHING
from tools.train.network import Network
from tools.train.training import Curriculum

REFRACTORY_S = 1.0
_THRESHOLDS = [*np.arange(0.05, 0.95, 0.05).round(2), 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.993,
               0.995, 0.997, 0.998, 0.999]  # fmt: skip
_DEFAULT_RATE = 0.5
_CALIBRATION_BATCHES = 20


def export(network: Network, curriculum: Curriculum, index: int) -> bytes:
    """Quantize one word's network on 20 batches of 48 freshly mixed training windows."""
    folded = fold(network, index)
    mixed = [curriculum.words(48)[0] for _ in range(_CALIBRATION_BATCHES)]
    ranges = calibrate(folded, ((m.features, m.state) for m in mixed))
    word = network.shape.words[index]
    return build(folded, ranges, f"pywakeword keyword spotter: {word}")


def write_model(folder: Path, word: str, data: bytes, document: dict[str, Any]) -> Path:
    """Write <word>.tflite and <word>.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{word}.tflite"
    path.write_bytes(data)
    (folder / f"{word}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def card(network: Network, word: str, data: bytes) -> dict[str, Any]:
    """Return the parts of the card that hold before anything was measured."""
    return {
        "format_version": 1,
        "name": word,
        "description": f"Keyword spotter for the word '{word}': streaming int8 CNN with FiLM "
        "conditioning on the device state",
        "licence": "Apache-2.0",
        "keywords": [word],
        "model": {"file": f"{word}.tflite", "bytes": len(data),
                  "sha256": hashlib.sha256(data).hexdigest()},
        "frontend": dict(_core.LFBE_SETTINGS),
        "state": {"device_type": list(DEVICE_TYPES), "playback": list(PLAYBACKS),
                  "volume_edges": list(VOLUME_EDGES)},
        "detector": {"frame_stride": network.shape.stride, "smoothing_outputs": SMOOTHING,
                     "refractory_s": REFRACTORY_S},
        # Replaced by measure(); a card without a table is refused.
        "calibration": {word: {"negative_hours": 1.0, "positives": 0, "default_threshold": 0.5,
                               "table": [{"threshold": 0.5, "false_accepts_per_hour": 0.0,
                                          "miss_rate": 0.0}]}},
        "network": network.shape.as_json(),
    }  # fmt: skip


def _scores(
    spotter: pywakeword.WakeWord, streams: Iterable[Stream]
) -> Iterator[tuple[Stream, np.ndarray]]:
    for stream in streams:
        spotter.device_state = stream.state
        yield stream, scan(spotter, ArraySource(stream.pcm))[0][:, 0]


def _rate_row(
    scores: list[float], negative_peaks: np.ndarray, hours: float, rate: float
) -> dict[str, Any]:
    point = frr_at_fa(scores, negative_peaks, hours, rate)
    return {
        "false_accepts_per_hour": rate, "misses": point.misses, "takes": point.positives,
        "miss_rate": round(point.frr, 4),
        "interval_95": [round(point.frr_low, 4), round(point.frr_high, 4)],
        "threshold": round(point.threshold, 5),
    }  # fmt: skip


def boundary_errors(spotter: pywakeword.WakeWord, streams: Iterable[Stream]) -> dict[str, Any]:
    """Errors of start and end and the detection delay, over detected words, in ms."""
    starts, ends, delays, found, count = [], [], [], 0, 0
    for stream in streams:
        assert stream.word is not None
        count += 1
        spotter.reset()
        spotter.device_state = stream.state
        detections = spotter.process(np.concatenate([stream.pcm, np.zeros(8000, np.int16)]))
        if not detections:
            continue
        found += 1
        best = max(detections, key=lambda d: d.score)
        starts.append(abs(best.start_sample - stream.word[0]) / 16)
        ends.append(abs(best.end_sample - stream.word[1]) / 16)
        delays.append((best.detected_sample - stream.word[1]) / 16)

    def summary(values: list[float]) -> dict[str, float]:
        median, p90 = np.percentile(values, (50, 90)).round(1)
        within = float(np.mean(np.asarray(values) <= 80))
        return {"median": float(median), "p90": float(p90), "within_80_ms": round(within, 3)}

    return {
        "detected": found, "takes": count, "start_error_ms": summary(starts),
        "end_error_ms": summary(ends), "delay_median_ms": round(float(np.median(delays)), 1),
    }  # fmt: skip


def measure(path: Path, document: dict[str, Any], conditions: Conditions) -> dict[str, Any]:
    """Scan the dev streams with the shipped model and complete its card."""
    word = document["name"]
    spotter = pywakeword.WakeWord(str(path))
    refractory = (spotter.frame_shift_s, REFRACTORY_S)
    quiet = list(conditions.negatives((word,)))
    more = list(conditions.more_negatives((word,)))
    quiet_peaks = np.concatenate([peaks(s, *refractory) for _, s in _scores(spotter, quiet)])
    more_peaks = np.concatenate([peaks(s, *refractory) for _, s in _scores(spotter, more)])
    hours = [sum(len(s.pcm) for s in group) / 16_000 / 3600 for group in (quiet, more)]
    every = np.concatenate([quiet_peaks, more_peaks])
    by_condition = {}
    for name in CONDITIONS:
        by_condition[name] = [
            float(s.max()) for _, s in _scores(spotter, conditions.positives(word, name))
        ]
    table = calibration_table(
        by_condition["quiet"], every, sum(hours), [float(t) for t in _THRESHOLDS]
    )
    default = frr_at_fa(by_condition["quiet"], every, sum(hours), _DEFAULT_RATE).threshold
    default = next(
        (row.threshold for row in table if row.threshold >= max(default, 0.5)), table[-1].threshold
    )
    document["calibration"] = {word: {
        "negative_hours": round(sum(hours), 3), "positives": len(by_condition["quiet"]),
        "default_threshold": default,
        "table": [
            {"threshold": r.threshold, "miss_rate": round(r.miss_rate, 4),
             "false_accepts_per_hour": round(r.false_accepts_per_hour, 4)} for r in table
        ],
        "conditions": f"takes: split=dev in quiet, noise floor {FLOOR_DBFS:g} dBFS; negatives: "
        "split=dev speech, words and noise in quiet, the same clips twice in noise, babble or own "
        "music at 0 to 15 dB, held-out synthetic voices, own music, speech and alarms alone",
    }}  # fmt: skip
    dev_threshold = frr_at_fa(by_condition["quiet"], quiet_peaks, max(hours[0], 1.0), 1.0).threshold
    takes = np.asarray(by_condition["quiet"])
    misses = int(np.sum(takes < default))
    document["figures"] = {
        "split": "dev",
        "quiet_at_default": {
            "threshold": default, "misses": misses, "takes": len(by_condition["quiet"]),
            "false_accepts": int(np.sum(quiet_peaks >= default)),
            "negative_hours": round(hours[0], 3),
            "highest_negatives": [round(float(x), 4) for x in np.sort(quiet_peaks)[:-6:-1]],
            "misses_at_one_per_hour": int(np.sum(takes < dev_threshold)),
        },
        "misses_by_condition": {
            name: [_rate_row(scores, every, sum(hours), rate) for rate in (0.5, 1.0)]
            for name, scores in by_condition.items()
        },
    }  # fmt: skip
    path = write_model(path.parent, word, path.read_bytes(), document)
    spotter = pywakeword.WakeWord(str(path))
    document["figures"]["boundaries"] = {
        name: boundary_errors(spotter, conditions.positives(word, name))
        for name in ("quiet", "noise 5")
    }
    write_model(path.parent, word, path.read_bytes(), document)
    return document


def provenance(clips: list[Clip], word: str) -> list[dict[str, Any]]:
    """Count what the model was trained on, by source and licence."""
    counts = Counter((c.source, c.licence) for c in clips)
    rows = [
        {"source": source, "licence": licence, "files": n}
        for (source, licence), n in sorted(counts.items())
    ]
    takes = sum(c.category == "wakewords" and c.label == word for c in clips)
    return [{"takes_of_the_word": takes}, *rows]
