"""Thresholds and figures of a word: false accepts on held-out negatives, misses of held-out voices.

False accepts are counted on features through the network with the rounding of its file. Takes go
through the file in the core, as on the device.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import pywakeword
from pywakeword.audio import ArraySource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.device_state import DeviceState
from pywakeword.measure.evaluation import frr_at_fa, peaks
from pywakeword.measure.scanning import scan
from pywakeword.training.export.keyword_graph import Ranges, fold, run_float
from pywakeword.training.export.simulation import Simulated
from pywakeword.training.figures.develop import one_hot, smooth
from pywakeword.training.figures.tables import calibration
from pywakeword.training.material.corpus import Clip, decode
from pywakeword.training.material.features import Store, to_pcm
from pywakeword.training.network.mixing import Mixer
from pywakeword.training.network.network import Network
from pywakeword.training.network.sampling import SILENCE
from pywakeword.training.network.shape import REFRACTORY_S
from pywakeword.training.takes.bank import read_index

_STREAM_FRAMES = 3000  # negatives are scanned in streams of half a minute
_MIXED_COPIES = 2
_AT_ONCE = 16
_PADDING_S = 1.5
_FLOOR = 1e-3  # RMS of the noise behind a take, -60 dBFS
_RATES = (0.5, 1.0)  # false accepts per hour; the first gives the default threshold


@dataclass(frozen=True)
class Scored:
    """Highest scores of takes, by what they are."""

    calls: dict[str, list[float]]
    others: list[float]


def calibrate(
    path: Path,
    document: dict[str, Any],
    network: Network,
    ranges: Ranges,
    negatives: Store,
    sounds: Store,
    bank: Path,
    own: list[Clip],
    *,
    seed: int,
) -> dict[str, Any]:
    """Return the parts of the card that are measured: calibration and figures."""
    (word,) = document["keywords"]
    found, hours = negative_peaks(network, ranges, negatives, sounds, seed=seed)
    scored = score_bank(path, bank)
    if own:
        rows = [_best(path, decode(clip.path), number) for number, clip in enumerate(own)]
        scored.calls["own takes"] = rows
    kept = scored.calls.get("own takes", [])
    calls = kept or [s for scores in scored.calls.values() for s in scores]
    measured = [rate for rate in _RATES if rate * hours >= 1] or [1 / hours]
    takes = "the user's own takes" if kept else "synthetic voices that were not trained on"
    conditions = (
        f"takes: {takes}, in quiet; negatives: held-out speech, words and noise of the training "
        "data, in quiet and twice in noise, babble, music, speech and alarms"
    )
    table = calibration(calls, found, hours, conditions, rate=measured[0])
    figures = {
        "misses": {
            kind: [_row(scores, found, hours, rate) for rate in measured]
            for kind, scores in scored.calls.items()
        },
        "other_phrases_by_held_out_voices": {
            "takes": len(scored.others),
            "accepted_at_default": int(
                np.sum(np.asarray(scored.others) >= table["default_threshold"])
            ),
        },
    }
    return {"calibration": {word: table}, "figures": figures}


def negative_peaks(
    network: Network, ranges: Ranges, negatives: Store, sounds: Store, *, seed: int
) -> tuple[npt.NDArray[np.floating], float]:
    """Return the scores at which held-out negatives fire, and the hours that were scanned."""
    network.eval()
    mixer = Mixer(sounds, seed, ())
    found = []
    frames = 0
    for streams in _batches(negatives):
        state = np.tile(one_hot(DeviceState()), (len(streams), 1))
        quiet = torch.from_numpy(streams.astype(np.float32)).transpose(1, 2)
        batches = [(quiet, torch.from_numpy(state))]
        for _ in range(_MIXED_COPIES):
            mixed = mixer(streams, mixed_share=1.0)
            batches.append((mixed.features, mixed.state))
        for features, given in batches:
            for scores in simulated_scores(network, ranges, features, given):
                found.append(peaks(scores, 0.01 * network.shape.stride, REFRACTORY_S))
            frames += streams.shape[0] * streams.shape[1]
    return np.concatenate(found), frames / 360_000


@torch.no_grad()
def simulated_scores(
    network: Network, ranges: Ranges, features: torch.Tensor, state: torch.Tensor
) -> npt.NDArray[np.float32]:
    """Return the smoothed scores of (batch, 64, frames) as the int8 file would give them."""
    shape = network.shape
    lead = torch.full((*features.shape[:2], shape.window_frames - shape.stride), float(SILENCE))
    rounding = Simulated(ranges, concatenate=shape.concatenate)
    primed = torch.cat([lead, features], dim=2)
    logits = run_float(fold(network, 0), primed, state, rounding)["logits"]
    posterior = logits.sigmoid().numpy().reshape(len(features), -1)
    return np.stack([smooth(row) for row in posterior])


def score_bank(path: Path, bank: Path) -> Scored:
    """Score the takes of held-out voices by the model at `path`."""
    calls: dict[str, list[float]] = {}
    others = []
    for row in read_index(bank):
        best = _best(path, decode(bank / row["file"]), row["task"])
        if row["called"]:
            calls.setdefault(row["kind"].replace("_", " "), []).append(best)
        else:
            others.append(best)
    return Scored(calls, others)


def _best(path: Path, samples: npt.NDArray[np.float32], seed: int) -> float:
    """Return the highest score of a take in quiet."""
    spotter = pywakeword.WakeWord(str(path))
    padded = np.pad(samples, int(_PADDING_S * SAMPLE_RATE_HZ))
    noise = np.random.default_rng(seed).normal(0, _FLOOR, len(padded))
    return float(scan(spotter, ArraySource(to_pcm(padded + noise)))[0].max())


def _batches(negatives: Store) -> Iterator[npt.NDArray[np.float16]]:
    """Yield (streams, frames, 64) of the clips, one behind the other."""
    clips = [
        negatives.features[e.first_frame : e.first_frame + e.n_frames] for e in negatives.entries
    ]
    frames = np.concatenate(clips)
    whole = max(len(frames) // _STREAM_FRAMES, 1)
    streams = np.resize(frames, (whole, min(_STREAM_FRAMES, len(frames)), frames.shape[1]))
    for first in range(0, whole, _AT_ONCE):
        yield streams[first : first + _AT_ONCE]


def _row(
    scores: list[float], found: npt.NDArray[np.floating], hours: float, rate: float
) -> dict[str, Any]:
    point = frr_at_fa(scores, found, hours, rate)
    return {
        "false_accepts_per_hour": rate,
        "misses": point.misses,
        "takes": point.positives,
        "threshold": round(point.threshold, 5),
    }
