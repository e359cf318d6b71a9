"""Stage 5: scan the dev streams with the shipped model in the real core, complete its card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import pywakeword
from pywakeword import DeviceState
from pywakeword.audio import ArraySource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.measure.evaluation import calibration_table, frr_at_fa, peaks, wilson_interval
from pywakeword.measure.scanning import scan
from pywakeword.training.figures.conditions import (
    CONDITIONS,
    FLOOR_DBFS,
    Condition,
    Conditions,
    Stream,
)
from pywakeword.training.figures.develop import outputs, smooth
from pywakeword.training.figures.voice_groups import GROUPS, pitch_group
from pywakeword.training.material.features import lfbe
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import REFRACTORY_S
from pywakeword.training.release import write_model

THRESHOLDS = [
    *np.arange(0.05, 0.95, 0.05).round(2),
    0.95,
    0.96,
    0.97,
    0.98,
    0.985,
    0.99,
    0.993,
    0.995,
    0.997,
    0.998,
    0.999,
]
_DEFAULT_RATE = 0.5
_TAKES = {
    "recordings": "split=dev",
    "natural voices": "no recordings of people, voices held out from training",
    "simple synthesisers": "no recordings of people, simple synthesisers held out from training",
}
_TRADE = (0.3, 0.5, 0.7, 0.9, 0.97)  # thresholds beside which the delay is stated


@dataclass
class Scorer:
    """Scores of one word by the shipped model and by the float network behind it."""

    spotter: pywakeword.WakeWord
    network: Network
    index: int

    def int8(self, stream: Stream, state: DeviceState | None = None) -> npt.NDArray[np.floating]:
        """Return the smoothed scores of the device."""
        self.spotter.device_state = stream.state if state is None else state
        return scan(self.spotter, ArraySource(stream.pcm))[0][:, 0]

    def float32(self, stream: Stream) -> npt.NDArray[np.floating]:
        """Return the smoothed scores before quantisation."""
        features = lfbe(stream.pcm.astype(np.float32) / 32768).astype(np.float16)
        logits = outputs(self.network, features, stream.state)[:, self.index, 0]
        return smooth(1 / (1 + np.exp(-logits)))

    def peaks(self, streams: Iterable[Stream]) -> tuple[npt.NDArray[Any], npt.NDArray[Any], float]:
        """Return the peaks of both over all streams, and the hours."""
        exact, quantized, seconds = [], [], 0.0
        stride_s = 0.01 * self.network.shape.stride
        for stream in streams:
            quantized.append(peaks(self.int8(stream), self.spotter.frame_shift_s, REFRACTORY_S))
            exact.append(peaks(self.float32(stream), stride_s, REFRACTORY_S))
            seconds += len(stream.pcm) / SAMPLE_RATE_HZ
        return np.concatenate(quantized), np.concatenate(exact), seconds / 3600


def measure(
    path: Path, document: dict[str, Any], conditions: Conditions, network: Network
) -> dict[str, Any]:
    """Complete the card of the model at `path` with calibration and figures."""
    (word,) = document["keywords"]
    scorer = Scorer(pywakeword.WakeWord(str(path)), network, network.shape.words.index(word))
    quiet_peaks, quiet_exact, quiet_hours = scorer.peaks(conditions.negatives((word,)))
    more_peaks, more_exact, more_hours = scorer.peaks(conditions.more_negatives((word,)))
    hours = quiet_hours + more_hours
    every = np.concatenate([quiet_peaks, more_peaks])
    exact = np.concatenate([quiet_exact, more_exact])
    takes = {name: list(conditions.positives(word, name)) for name in conditions.names}
    best = {n: [float(scorer.int8(s).max()) for s in streams] for n, streams in takes.items()}
    best_exact = {
        n: [float(scorer.float32(s).max()) for s in streams] for n, streams in takes.items()
    }
    table = calibration_table(best["quiet"], every, hours, [float(t) for t in THRESHOLDS])
    wanted = frr_at_fa(best["quiet"], every, hours, _DEFAULT_RATE).threshold
    default = next(
        (row.threshold for row in table if row.threshold >= max(wanted, 0.5)), table[-1].threshold
    )
    document["calibration"] = {
        word: {
            "negative_hours": round(hours, 3),
            "positives": len(best["quiet"]),
            "default_threshold": default,
            "table": [
                {
                    "threshold": r.threshold,
                    "miss_rate": round(r.miss_rate, 4),
                    "false_accepts_per_hour": round(r.false_accepts_per_hour, 4),
                }
                for r in table
            ],
            "conditions": f"takes: {_TAKES[conditions.takes_of(word)]} in quiet, "
            f"noise floor {FLOOR_DBFS:g} dBFS; "
            "negatives: split=dev speech, words and noise in quiet, the same clips twice in noise, "
            "babble or own music at 0 to 15 dB, held-out synthetic voices, own music, speech and "
            "alarms alone",
        }
    }
    quiet = np.asarray(best["quiet"])
    alone = frr_at_fa(quiet, quiet_peaks, max(quiet_hours, 1.0), 1.0).threshold
    document["figures"] = {
        "split": "dev",
        "quiet_at_default": {
            "threshold": default,
            "misses": int(np.sum(quiet < default)),
            "takes": len(quiet),
            "false_accepts": int(np.sum(quiet_peaks >= default)),
            "negative_hours": round(quiet_hours, 3),
            "highest_negatives": [round(float(x), 4) for x in np.sort(quiet_peaks)[:-6:-1]],
            "misses_at_one_per_hour": int(np.sum(quiet < alone)),
        },
        "misses_by_condition": {
            name: [_rate_row(scores, every, hours, rate) for rate in (0.5, 1.0)]
            for name, scores in best.items()
        },
        "int8_against_float": _int8_loss(best, best_exact, (every, exact), hours),
        "misses_by_pitch": _by_pitch(takes, best, default),
        "own_voice": _own_voice(scorer, conditions, word, default),
    }
    if "carrier" in takes:  # the bank of held-out voices has more kinds
        about = [float(scorer.int8(s).max()) for s in conditions.mentions(word)]
        document["figures"]["mentions"] = {
            "sentences": len(about),
            "woken": sum(score >= default for score in about),
        }
    path = write_model(path.parent, path.read_bytes(), document)
    spotter = pywakeword.WakeWord(str(path))
    document["figures"]["boundaries"] = {
        name: boundary_errors(spotter, takes[name])
        for name in ("quiet", "noise 5", "one breath")
        if name in takes
    }
    document["figures"]["delay_by_threshold"] = _delay_by_threshold(path, takes["quiet"])
    write_model(path.parent, path.read_bytes(), document)
    return document


def _rate_row(
    scores: list[float], negative_peaks: npt.NDArray[Any], hours: float, rate: float
) -> dict[str, Any]:
    point = frr_at_fa(scores, negative_peaks, hours, rate)
    return {
        "false_accepts_per_hour": rate,
        "misses": point.misses,
        "takes": point.positives,
        "miss_rate": round(point.frr, 4),
        "interval_95": [round(point.frr_low, 4), round(point.frr_high, 4)],
        "threshold": round(point.threshold, 5),
    }


def _int8_loss(
    best: dict[str, list[float]],
    best_exact: dict[str, list[float]],
    every: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    hours: float,
) -> dict[str, Any]:
    """Misses of all conditions at 1 FA/h, and how far the scores of the takes differ."""
    misses = {
        name: sum(frr_at_fa(s, found, hours, 1.0).misses for s in scores.values())
        for name, scores, found in (("int8", best, every[0]), ("float", best_exact, every[1]))
    }
    difference = np.abs(np.concatenate([np.subtract(best[n], best_exact[n]) for n in best]))
    return {
        "misses_at_one_per_hour": misses,
        "takes": sum(map(len, best.values())),
        "score_difference_median": round(float(np.median(difference)), 4),
        "score_difference_p90": round(float(np.percentile(difference, 90)), 4),
    }


def _by_pitch(
    takes: dict[str, list[Stream]], best: dict[str, list[float]], threshold: float
) -> dict[str, Any]:
    """Misses at the default threshold by the median pitch of the take, in the eight conditions."""
    groups = [pitch_group(s) for s in takes["quiet"]]
    made: dict[str, Any] = {}
    for group in GROUPS:
        chosen = [i for i, g in enumerate(groups) if g == group]
        misses = sum(best[name][i] < threshold for name in CONDITIONS for i in chosen)
        trials = len(chosen) * len(CONDITIONS)
        made[group] = {"takes": len(chosen), "heard": trials, "misses": misses}
    return made


def _own_voice(
    scorer: Scorer, conditions: Conditions, word: str, threshold: float
) -> dict[str, Any]:
    """Measure rejection of the device's own voice, and takes spoken over it."""
    own = list(conditions.own_voice(word))
    persons = [s for db in (5.0, 0.0) for s in conditions.positives(word, Condition("tts", db))]
    made: dict[str, Any] = {"own_words": len(own), "persons": len(persons)}
    for name, state in (("told", None), ("state_unknown", DeviceState())):
        rejected = sum(float(scorer.int8(s, state).max()) < threshold for s in own)
        missed = sum(float(scorer.int8(s, state).max()) < threshold for s in persons)
        low, high = wilson_interval(rejected, len(own))
        made[name] = {
            "own_words_rejected": rejected,
            "interval_95": [round(low, 4), round(high, 4)],
            "persons_missed": missed,
        }
    return made


def _delay_by_threshold(path: Path, streams: list[Stream]) -> list[dict[str, Any]]:
    """Return the delay by threshold; the cost of a lower one is in the calibration table."""
    rows = []
    for threshold in _TRADE:
        errors = boundary_errors(pywakeword.WakeWord(str(path), threshold=threshold), streams)
        rows.append(
            {
                "threshold": threshold,
                "missed": errors["takes"] - errors["detected"],
                "takes": errors["takes"],
                "delay_median_ms": errors.get("delay_median_ms"),
            }
        )
    return rows


def boundary_errors(spotter: pywakeword.WakeWord, streams: Iterable[Stream]) -> dict[str, Any]:
    """Errors of start and end and the detection delay, over detected words, in ms.

    Streams without a known span are left out.
    """
    starts, ends, delays, found, count = [], [], [], 0, 0
    for stream in streams:
        if stream.word is None:
            continue
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
    if not found:
        return {"detected": 0, "takes": count}

    def summary(values: list[float]) -> dict[str, float]:
        median, p90 = np.percentile(values, (50, 90)).round(1)
        within = float(np.mean(np.asarray(values) <= 80))
        return {"median": float(median), "p90": float(p90), "within_80_ms": round(within, 3)}

    return {
        "detected": found,
        "takes": count,
        "start_error_ms": summary(starts),
        "end_error_ms": summary(ends),
        "delay_median_ms": round(float(np.median(delays)), 1),
    }
