"""Device and verifier together, with the shipped ONNX file: misses and false accepts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.measure.evaluation import wilson_interval
from pywakeword.models.onnx import open_session
from tools.verifier.data.candidates import Candidates
from tools.verifier.data.dev_set import LOOSE_THRESHOLDS, DevSet
from tools.verifier.data.windows import PRE_ROLL_FRAMES

_SURELY_NOT = 0.005  # share of the words that may be rejected without asking further

Floats = npt.NDArray[np.floating]


class OnnxVerifier:
    """The shipped file, as a server runs it."""

    def __init__(self, path: Path) -> None:
        self._session = open_session(path, extra="server")

    def __call__(self, candidates: Candidates) -> tuple[Floats, Floats, Floats]:
        """Score, start and end of every candidate."""
        windows, n_frames = candidates.windows()
        batches = (slice(i, i + 64) for i in range(0, len(windows), 64))
        parts = [
            self._session.run(None, {"features": windows[b], "n_frames": n_frames[b]})
            for b in batches
        ]
        score, start, end = (np.concatenate(column) for column in zip(*parts))
        return score, start, end


@dataclass(frozen=True)
class Policy:
    """What was chosen on one half: the device's threshold and the verifier's."""

    device: float
    accept: float
    reject: float


def outcome(
    half: DevSet, device: float, scores: Floats | None = None, accept: float = 0.0
) -> dict[str, Any]:
    """Misses and false accepts of the whole, at one threshold of the device.

    Parameters
    ----------
    half : DevSet
        What it is measured on.
    device : float
        The device's threshold.
    scores : (n_candidates,) ndarray, optional
        Of the verifier, for all of the half's candidates; None for the device alone.
    accept : float
        The verifier's threshold.
    """
    candidates, chosen = half.at(device)
    passed = np.ones(len(candidates), bool) if scores is None else scores[chosen] >= accept
    accepted = int(np.sum(passed & ~candidates.is_word))
    hits = int(np.sum(passed & candidates.is_word))
    misses = half.n_takes - hits
    low, high = wilson_interval(misses, half.n_takes)
    return {
        "device_threshold": device,
        "misses": misses,
        "takes": half.n_takes,
        "miss_rate": round(misses / half.n_takes, 4),
        "interval_95": [round(low, 4), round(high, 4)],
        "false_accepts": accepted,
        "negative_hours": round(half.hours, 3),
        "false_accepts_per_hour": round(accepted / half.hours, 3),
        "candidates_per_hour": round(float(np.sum(~candidates.is_word)) / half.hours, 1),
    }


def choose(half: DevSet, scores: Floats) -> Policy:
    """Fewest misses with no more false accepts than the device alone at its default."""
    allowed = outcome(half, half.default)["false_accepts"]
    best: tuple[float, Policy] | None = None
    for device in LOOSE_THRESHOLDS:
        candidates, chosen = half.at(device)
        words, others = scores[chosen][candidates.is_word], scores[chosen][~candidates.is_word]
        highest = np.sort(others)[::-1]
        # Halfway between the last negative that is kept out and the words above it.
        barrier = float(highest[allowed]) if len(highest) > allowed else 0.0
        above = words[words > barrier]
        accept = (barrier + float(above.min())) / 2 if len(above) else 1.0
        misses = outcome(half, device, scores, accept)["misses"]
        reject = min(float(np.quantile(words, _SURELY_NOT)), accept)
        if best is None or misses < best[0]:
            best = (misses, Policy(device, accept, reject))
    assert best is not None
    return best[1]


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
