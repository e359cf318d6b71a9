"""Errors of the contours of each way of choosing, against the spoken ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.measure.evaluation import around
from tools.prosody import training
from tools.prosody.network import Autoencoder
from tools.prosody.recordings.corpus import Utterance
from tools.prosody.selection import choose, load_bank, make_bank

Array = npt.NDArray[np.float64]
MEASURES = ("f0_semitones", "energy_db", "duration_percent")
NEAREST_FEW = 16
ROWS = (
    "centroid",
    "random",
    "syntactic",
    "semantic",
    "both",
    f"both, mean of {NEAREST_FEW}",
    "oracle",
)
_RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def rounded(self, digits: int = 3) -> list[float]:
        """As a list for a card."""
        return [round(value, digits) for value in (self.mean, self.low, self.high)]


def decoded_by_row(
    model: Autoencoder,
    bank_of: Sequence[Utterance],
    described: Mapping[str, npt.NDArray[np.float32]],
    meant: Mapping[str, npt.NDArray[np.float32]],
    held_out: Sequence[Utterance],
    *,
    seed: int,
) -> dict[str, list[npt.NDArray[np.float32]]]:
    """Return contours of the held-out utterances for each of `ROWS`."""
    embeddings = training.embed(model, bank_of)
    bank = load_bank(
        make_bank(
            embeddings,
            np.array([described[u.text] for u in bank_of]),
            np.array([meant[u.text] for u in bank_of]),
        )
    )
    wanted = np.array([described[u.text] for u in held_out])
    meaning = np.array([meant[u.text] for u in held_out])
    drawn = np.random.default_rng(seed).integers(len(bank_of), size=len(held_out))
    chosen = {
        way: choose(bank, way, wanted, meaning)
        for way in ("centroid", "syntactic", "semantic", "both")
    }
    chosen["random"] = embeddings[drawn]
    chosen[f"both, mean of {NEAREST_FEW}"] = choose(
        bank, "both", wanted, meaning, neighbours=NEAREST_FEW
    )
    chosen["oracle"] = training.embed(model, held_out)
    return {row: training.decode(model, held_out, chosen[row]) for row in ROWS}


def errors(utterances: Sequence[Utterance], decoded: Sequence[npt.NDArray[np.float32]]) -> Array:
    """Root mean square errors of each utterance, (n, 3), as `MEASURES`; NaN without pitch."""
    found = []
    for utterance, contours in zip(utterances, decoded):
        wrong = (contours - utterance.contours) ** 2
        pitch = wrong[utterance.has_pitch, 0]
        f0 = 12 * np.sqrt(pitch.mean()) if len(pitch) else np.nan
        found.append([f0, np.sqrt(wrong[:, 1].mean()), 100 * np.sqrt(wrong[:, 2].mean())])
    return np.array(found)


def spread(utterances: Sequence[Utterance], contours: Sequence[npt.NDArray[np.float32]]) -> Array:
    """Return the SD of F0 over all phones of each utterance's speaker, in semitones.

    All sentences of a speaker together stand in for a paragraph.
    """
    by_speaker: dict[str, list[npt.NDArray[np.float32]]] = defaultdict(list)
    for utterance, values in zip(utterances, contours):
        by_speaker[utterance.speaker].append(values[utterance.has_pitch, 0])
    deviations = {name: 12 * float(np.concatenate(v).std()) for name, v in by_speaker.items()}
    return np.array([deviations[u.speaker] for u in utterances])


def interval(
    values: Array, speakers: Sequence[str], statistic: Callable[[Array], float] | None = None
) -> Interval:
    """Bootstrap over speakers; `values` has one row per utterance."""
    statistic = statistic or (lambda rows: float(np.nanmean(rows)))
    rng = np.random.default_rng(1)
    rows_of = defaultdict(list)
    for i, speaker in enumerate(speakers):
        rows_of[speaker].append(i)
    groups = [np.array(rows) for rows in rows_of.values()]
    found = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(len(groups), size=len(groups))
        found.append(statistic(values[np.concatenate([groups[i] for i in drawn])]))
    low, high = np.nanquantile(found, [0.025, 0.975])
    mean = statistic(values)
    return Interval(mean, *around(mean, float(low), float(high)))


def gap_closed(start: Array, way: Array, oracle: Array, speakers: Sequence[str]) -> Interval:
    """Return the percentage of the gap between a start and the oracle that `way` closes."""

    def closed(rows: Array) -> float:
        means = np.nanmean(rows, axis=0)
        return float(100 * (means[0] - means[1]) / (means[0] - means[2]))

    return interval(np.stack([start, way, oracle], axis=1), speakers, closed)
