"""Device and verifier together, with the shipped ONNX file: misses and false accepts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.models.onnx import open_session
from pywakeword.verifier.scorer import Fusion, odds
from tools.verifier.data.candidates import DEFAULT, Candidates
from tools.verifier.data.dev_set import LOOSE_THRESHOLD, DevSet
from tools.verifier.data.windows import PRE_ROLL_FRAMES

_STRENGTH = 1e-3  # of the penalty on the weights of the fusion
_STEPS = 50

Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]


class OnnxVerifier:
    """The shipped file, as a server runs it."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, extra="server")
        self._inputs = {tensor.name for tensor in self._session.get_inputs()}

    def __call__(self, candidates: Candidates) -> tuple[Floats, Floats, Floats]:
        """Score, start and end of every candidate."""
        parts = []
        for first in range(0, len(candidates), 64):
            part = candidates.where(np.arange(len(candidates)) // 64 == first // 64)
            windows, n_frames = part.windows()
            given: dict[str, npt.NDArray[Any]] = {
                "features": windows,
                "n_frames": n_frames,
                "state": part.state.astype(np.float32),
            }
            given = {name: value for name, value in given.items() if name in self._inputs}
            parts.append(self._session.run(("score", "start", "end"), given))
        score, start, end = (np.concatenate(column) for column in zip(*parts))
        return score, start, end


@dataclass(frozen=True)
class Tally:
    """What happened, by leak group.

    misses, takes : (conditions, groups) ndarrays
    false_accepts, hours : (groups,) ndarrays
    """

    misses: npt.NDArray[np.float64]
    takes: npt.NDArray[np.float64]
    false_accepts: npt.NDArray[np.float64]
    hours: npt.NDArray[np.float64]

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.misses + other.misses,
            self.takes + other.takes,
            self.false_accepts + other.false_accepts,
            self.hours + other.hours,
        )

    def miss_rate(self, weights: Floats | None = None, rows: slice = slice(None)) -> float:
        """Mean over conditions; `weights` count every group several times."""
        w = np.ones(len(self.hours)) if weights is None else weights
        takes = self.takes[rows] @ w
        there = takes > 0
        return float(np.mean((self.misses[rows] @ w)[there] / takes[there]))

    def false_accept_rate(self, weights: Floats | None = None) -> float:
        """Per hour."""
        w = np.ones(len(self.hours)) if weights is None else weights
        return float(self.false_accepts @ w) / max(float(self.hours @ w), 1e-9)


def tally(
    dev: DevSet, groups: list[str], conditions: list[str], found: Candidates, accepted: Mask
) -> Tally:
    """Count what is accepted of the candidates of a set, or of a half of it."""
    index = {g: i for i, g in enumerate(groups)}
    row = {c: i for i, c in enumerate(conditions)}
    takes = np.zeros((len(conditions), len(groups)))
    hours, false = np.zeros(len(groups)), np.zeros(len(groups))
    for condition in conditions:
        for group, count in dev.takes.get(condition, {}).items():
            takes[row[condition], index[group]] = count
    for by_group in dev.seconds.values():
        for group, seconds in by_group.items():
            hours[index[group]] += seconds / 3600
    misses = takes.copy()
    for i in np.flatnonzero(accepted):
        if not found.is_word[i]:
            false[index[found.group[i]]] += 1
        elif found.source[i] in row:
            misses[row[found.source[i]], index[found.group[i]]] -= 1
    return Tally(misses, takes, false, hours)


def fit(candidates: Candidates, scores: Floats) -> Fusion:
    """Fit the weights of network and device by logistic regression; both kinds weigh the same."""
    wanted = candidates.is_word.astype(np.float64)
    rows = np.stack([odds(scores), odds(candidates.score), np.ones(len(scores))], 1)
    weight = np.where(candidates.is_word, 0.5 / wanted.sum(), 0.5 / (1 - wanted).sum())
    found = np.zeros(3)
    for _ in range(_STEPS):  # Newton's method
        p = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        slope = rows.T @ (weight * (p - wanted)) + _STRENGTH * found
        bend = (rows.T * (weight * p * (1 - p))) @ rows + _STRENGTH * np.eye(3)
        found -= np.clip(np.linalg.solve(bend, slope), -1, 1)
    return Fusion(*(round(float(x), 4) for x in found))


@dataclass(frozen=True)
class Points:
    """Two thresholds of the verifier: with the device's false accepts, and with its misses."""

    same_false_accepts: float
    same_misses: float


def choose(dev: DevSet, found: Candidates, scores: Floats, conditions: list[str]) -> Points:
    """Choose both thresholds on a half; the device alone is at its own threshold there."""
    alone = dev.at(DEFAULT)
    own = tally(dev, dev.groups, conditions, alone, np.ones(len(alone), bool))
    counted = found.is_word & np.isin(found.source, conditions)
    words, others = np.sort(scores[counted]), np.sort(scores[~found.is_word])[::-1]
    allowed = int(own.false_accepts.sum())
    barrier = float(others[allowed]) if len(others) > allowed else 0.0
    above = words[words > barrier]
    first = (barrier + float(above[0])) / 2 if len(above) else 1.0
    # Words that are no candidates are missed at any threshold.
    spare = int(own.misses.sum()) - (int(own.takes.sum()) - len(words))
    second = float(words[min(max(spare, 0), len(words) - 1)])
    return Points(first, second)


def change(own: Tally, system: Tally, rows: slice, seed: int = 5) -> dict[str, list[float]]:
    """Relative changes of misses and of false accepts, each with a 95 % interval over groups."""
    rng = np.random.default_rng(seed)
    n = len(own.hours)
    drawn: list[tuple[float, float]] = []
    for _ in range(1000):
        w = np.bincount(rng.integers(n, size=n), minlength=n).astype(np.float64)
        drawn.append(_ratios(own, system, rows, w))
    low, high = np.nanpercentile(np.array(drawn), (2.5, 97.5), axis=0)
    middle = _ratios(own, system, rows, np.ones(n))
    return {
        name: [round(float(x), 3) for x in (middle[i], low[i], high[i])]
        for i, name in enumerate(("misses", "false_accepts"))
    }


def _ratios(own: Tally, system: Tally, rows: slice, w: Floats) -> tuple[float, float]:
    misses, accepts = own.miss_rate(w, rows), own.false_accept_rate(w)
    return (
        system.miss_rate(w, rows) / misses - 1 if misses else float("nan"),
        system.false_accept_rate(w) / accepts - 1 if accepts else float("nan"),
    )


def sent(dev: DevSet) -> dict[str, float]:
    """Candidates that go out: per hour of speech, and in a day with 4 h of it."""
    found = dev.at(LOOSE_THRESHOLD)
    rate = {}
    for kind in dev.seconds:
        number = int(np.sum(~found.is_word & (found.source == kind)))
        rate[kind] = 3600 * number / sum(dev.seconds[kind].values())
    speech, noise = rate.get("speech", 0.0), rate.get("noise", 0.0)
    return {
        "per_hour_of_speech": round(speech, 1),
        "per_hour_of_noise": round(noise, 1),
        "per_day_with_4_h_of_speech": round(4 * speech + 20 * noise, 0),
    }


def boundary_errors(candidates: Candidates, start: Floats, end: Floats) -> dict[str, Any]:
    """Errors of start and end of the words, in ms, the device's own beside them."""
    words = candidates.is_word
    # Both in frames from the window's first; the truth counts from the device's estimate.
    truth = {
        "start": candidates.start[words] + PRE_ROLL_FRAMES,
        "end": candidates.end[words] + PRE_ROLL_FRAMES,
    }
    found = {"start": start[words], "end": end[words]}
    errors = {f"{k}_error_ms": 10 * np.abs(found[k] - truth[k]) for k in truth}
    errors["device_start_error_ms"] = 10 * np.abs(candidates.start[words])
    return {
        name: {
            "median": round(float(np.median(e)), 1),
            "p90": round(float(np.quantile(e, 0.9)), 1),
            "within_80_ms": round(float(np.mean(e <= 80)), 3),
        }
        for name, e in errors.items()
    }
