"""False accepts at equal miss rates, against the DNN-HMM, with the start estimate moved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from pywakeword.measure.evaluation import around
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import sized
from tools.verifier.data.candidates import Candidates
from tools.verifier.data.sampling import Windows
from tools.verifier.networks import hmm
from tools.verifier.networks.training import (
    DNN_HMM,
    NETWORKS,
    VerifierNetworks,
    describe_windows,
    run_name,
)

RUN_FILES = (".pt", "-second-stage.npz")
MODELS = (DNN_HMM, "cnn-76", "cnn-100", "cnn-195", "cra-195")
JITTERS_MS = (0, 100, 200, 300)
MISS_RATES = (0.02, 0.05, 0.1)
_CHUNK = 128
_RESAMPLES = 400

Floats = npt.NDArray[np.floating]
Counts = npt.NDArray[np.int64]


class Trained:
    """The five verifiers of one seed."""

    def __init__(self, work: Path, words: tuple[str, ...], seed: int) -> None:
        name = run_name(words, seed)
        weights, second = (work / f"{name}{end}" for end in RUN_FILES)
        saved = torch.load(weights, weights_only=True)
        self._verifiers = VerifierNetworks(Network(sized("standard", ())), words)
        self._verifiers.load_state_dict(saved["network"])
        self._verifiers.eval()
        with np.load(second) as examples:
            self._second = [
                hmm.second_stage(examples[word], examples["word"] == i)
                for i, word in enumerate(words)
            ]
        self._words = words

    @torch.no_grad()
    def scores(self, word: str, candidates: Candidates, moved: int) -> dict[str, Floats]:
        """Scores of every model, with the start estimate `moved` frames later."""
        index = self._words.index(word)
        windows, counts = candidates.windows(moved)
        parts: dict[str, list[Floats]] = {name: [] for name in MODELS}
        for at in range(0, len(windows), _CHUNK):
            features = torch.from_numpy(windows[at : at + _CHUNK])
            n_frames = torch.from_numpy(counts[at : at + _CHUNK])
            state = torch.from_numpy(candidates.state[at : at + _CHUNK].astype(np.float32))
            nothing = torch.empty(0)
            batch = Windows(features, n_frames, nothing, nothing, nothing, state)
            for name in NETWORKS:
                logits = self._verifiers.logits(name, batch)
                parts[name].append(logits[:, index].numpy())
            rows = describe_windows(self._verifiers, features, n_frames, index)
            parts[DNN_HMM].append(self._second[index].decision_function(rows))
        return {name: np.concatenate(rows) for name, rows in parts.items()}


@dataclass(frozen=True)
class Scored:
    """Scores of one model for one word, seed and jitter; early and late starts are joined.

    words, others : (n,) ndarrays of scores; word_takes, other_takes : their streams.
    """

    words: Floats
    others: Floats
    word_takes: npt.NDArray[np.int64]
    other_takes: npt.NDArray[np.int64]


def jittered(
    trained: Trained, word: str, candidates: Candidates, jitter_ms: int
) -> dict[str, Scored]:
    """Score every candidate with its start estimate late, and early, by exactly `jitter_ms`."""
    moves = {jitter_ms // 10, -jitter_ms // 10}
    by_move = [trained.scores(word, candidates, m) for m in sorted(moves)]
    is_word = np.tile(candidates.is_word, len(moves))
    takes = np.tile(candidates.take, len(moves))
    return {
        name: Scored(
            (scores := np.concatenate([s[name] for s in by_move]))[is_word],
            scores[~is_word],
            takes[is_word],
            takes[~is_word],
        )
        for name in MODELS
    }


def false_accepts(words: Floats, others: Floats, miss_rate: float) -> float:
    """Share of the false candidates that pass when `miss_rate` of the words do not.

    Between two scores of words the threshold is interpolated, so that equal miss rates are
    equal also for few words.
    """
    threshold = np.quantile(words, miss_rate)
    return float(np.mean(others >= threshold))


def change(
    model: list[list[Scored]], reference: list[list[Scored]], miss_rate: float
) -> tuple[float, float, float]:
    """Relative change of the false accepts, over seeds and words, with a 95 % interval.

    Parameters
    ----------
    model, reference : list (seeds) of list (words) of Scored
        Of the same candidates.
    miss_rate : float
        Every word and seed gets its own threshold, at this rate.

    Returns
    -------
    change, low, high : float
        -0.5 for half of the false accepts. The interval is the percentile bootstrap over
        streams (takes and negatives, for both models the same) and seeds.
    """
    rng = np.random.default_rng(5)

    def ratio(seeds: Counts, weights: list[tuple[Counts, Counts]] | None) -> float:
        sums = [0.0, 0.0]
        for k, runs in enumerate((model, reference)):
            for seed in seeds:
                for w, scored in enumerate(runs[seed]):
                    if weights is None:
                        words, others = scored.words, scored.others
                    else:
                        words = np.repeat(scored.words, weights[w][0])
                        others = np.repeat(scored.others, weights[w][1])
                    passed = false_accepts(words, others, miss_rate) * len(others)
                    sums[k] += passed
        return sums[0] / sums[1] - 1 if sums[1] else float("nan")

    def draw(takes: Counts) -> Counts:
        """How often each candidate is in a resample of whole streams."""
        unique, inverse = np.unique(takes, return_inverse=True)
        times = np.bincount(rng.integers(len(unique), size=len(unique)), minlength=len(unique))
        return times[inverse]

    seeds = np.arange(len(model))
    found = []
    for _ in range(_RESAMPLES):
        weights = [(draw(s.word_takes), draw(s.other_takes)) for s in model[0]]
        found.append(ratio(rng.integers(len(seeds), size=len(seeds)), weights))
    low, high = np.nanpercentile(found, (2.5, 97.5))
    measured = ratio(seeds, None)
    return (measured, *around(measured, float(low), float(high)))
