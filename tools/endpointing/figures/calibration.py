"""Calibration of the arbitrator's probabilities, and an ablation of its inputs.

On pauses of speakers that are not in the encoder's training data. Slope and offset are fitted on
one half of those speakers and evaluated on the other, both ways: on the same half, the result
would be too good.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tools.endpointing.data.examples import ASK_MS, Pause
from tools.endpointing.figures.sweep import area
from tools.endpointing.networks.arbitration import (
    PARTS,
    ArbitratorNetwork,
    calibration_line,
    real,
    tensors,
    train_arbitrator,
    truth_of,
)

_BINS = 10
Array = npt.NDArray[np.float64]


def calibration(probability: Array, truth: Array, n_bins: int = _BINS) -> dict[str, Any]:
    """Brier score, expected calibration error, and the bins behind it.

    Each bin has the same number of questions. The error is the mean distance between the
    predicted and the true share of ends in a bin; `brier_of_the_base_rate` is the score of a
    constant prediction.
    """
    bins = []
    for index in np.array_split(np.argsort(probability, kind="stable"), n_bins):
        if len(index):
            bins.append(
                {
                    "n": len(index),
                    "said": round(float(probability[index].mean()), 4),
                    "ends": round(float(truth[index].mean()), 4),
                }
            )
    error = sum(b["n"] * abs(b["said"] - b["ends"]) for b in bins) / len(truth)
    share = float(truth.mean())
    return {
        "questions": len(truth),
        "share_of_ends": round(share, 4),
        "expected_calibration_error": round(float(error), 4),
        "brier": round(float(np.mean((probability - truth) ** 2)), 4),
        "brier_of_the_base_rate": round(share * (1 - share), 4),
        "bins": bins,
    }


def judged(
    network: ArbitratorNetwork, pauses: list[Pause], without: Container[str] = ()
) -> tuple[Array, Array, Array]:
    """Probability, truth and length of the pause so far of each question, cross-calibrated."""
    kept = real(pauses)
    inputs, _, _ = tensors(kept, without)
    with torch.no_grad():
        logit = network.logit(*inputs)
    return cross_calibrated(logit, truth_of(kept), kept)


def cross_calibrated(
    logit: torch.Tensor, truth: torch.Tensor, pauses: list[Pause]
) -> tuple[Array, Array, Array]:
    """Calibrate each half of the speakers as suits the other half; see `judged`."""
    speakers = np.array([p.speaker for p in pauses for _ in p.asks])
    half = np.isin(speakers, np.unique(speakers)[::2])
    probability = np.zeros(len(truth))
    for fitted, reported in ((half, ~half), (~half, half)):
        line = calibration_line(logit[torch.from_numpy(fitted)], truth[torch.from_numpy(fitted)])
        chosen = torch.from_numpy(reported)
        probability[reported] = torch.sigmoid(logit[chosen] * line[0] + line[1]).numpy()
    pause_ms = np.array([a.pause_ms for p in pauses for a in p.asks])
    return probability, truth.numpy().astype(np.float64), pause_ms


def figures(probability: Array, truth: Array, pause_ms: Array) -> dict[str, Any]:
    """Calibration over all questions, and the AUC of ends against holds at each length of pause."""
    row = calibration(probability, truth)
    for ms in ASK_MS:
        asked = pause_ms == ms
        ends, holds = probability[asked & (truth == 1)], probability[asked & (truth == 0)]
        row[f"auc at {ms} ms"] = round(area(ends, holds), 3) if len(ends) and len(holds) else None
    return row


def ablation(
    heard: list[Pause], unheard: list[Pause], *, seeds: tuple[int, ...] = (1, 2, 3)
) -> dict[str, Any]:
    """Retrain without each group of inputs; means over the seeds, with each AUC at 200 ms."""
    found = {}
    for hidden in ((), *((part,) for part in PARTS)):
        rows = [
            figures(
                *judged(
                    train_arbitrator(heard, unheard, seed=seed, without=hidden), unheard, hidden
                )
            )
            for seed in seeds
        ]
        aucs = [row[f"auc at {ASK_MS[0]} ms"] for row in rows]
        found["without " + hidden[0] if hidden else "all inputs"] = {
            "auc_at_200_ms": round(float(np.mean(aucs)), 3),
            "auc_of_each_seed": aucs,
            "brier": round(float(np.mean([row["brier"] for row in rows])), 4),
            "expected_calibration_error": round(
                float(np.mean([row["expected_calibration_error"] for row in rows])), 4
            ),
        }
    return found
