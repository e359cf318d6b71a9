"""The 2-stage DNN-HMM: Viterbi score of a word against a filler, then a small classifier.

Decoding is hmmlearn's: its compiled Viterbi takes the log likelihoods of any emission model
through one method, it needs no compiler of its own at run time (as librosa's does, with
numba), and scikit-learn, which it needs, gives the second stage.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from hmmlearn.base import BaseHMM

N_STATES = 8  # of a word, left to right; 40 ms steps
_CENTRE = -8  # frames from the start of a step to the centre of what its posterior saw
_STAY, _FILLER_STAY = 0.6, 0.95
_IMPOSSIBLE = -1e9


class _Decoder(BaseHMM):
    """Filler, the states of the word, filler; what it observes are log likelihoods."""

    def __init__(self) -> None:
        n = N_STATES + 2
        super().__init__(n, implementation="log")
        self.startprob_ = np.eye(n)[0]
        stay = np.array([_FILLER_STAY, *[_STAY] * N_STATES, 1.0])
        self.transmat_ = np.diag(stay) + np.diag(1 - stay[:-1], 1)
        self.n_features = n

    def _compute_log_likelihood(self, observed: npt.NDArray[np.float64]) -> Any:
        return observed


@lru_cache(maxsize=1)
def _decoder() -> _Decoder:
    return _Decoder()


def align(likelihood: npt.NDArray[np.floating]) -> tuple[float, npt.NDArray[np.int64]]:
    """Force the word into a stretch of audio.

    Parameters
    ----------
    likelihood : (n_steps, N_STATES + 1) ndarray
        Log likelihoods of the word's states and of the filler.

    Returns
    -------
    ratio : float
        Log likelihood of the best path through the word over that of the filler alone.
    path : (n_steps,) ndarray of int
        State of the word at each step, -1 for the filler.
    """
    states, filler = likelihood[:, :N_STATES], likelihood[:, N_STATES:]
    observed = np.concatenate([filler, states, filler], axis=1).astype(np.float64)
    # One step more, possible in the last state only: every path has gone through the word.
    last = np.full((1, N_STATES + 2), _IMPOSSIBLE)
    last[0, -1] = 0.0
    best, path = _decoder().decode(np.concatenate([observed, last]))
    alone = float(filler.sum()) + (len(filler) - 1) * np.log(_FILLER_STAY)
    path = path[:-1] - 1
    return best - alone, np.where(path == N_STATES, -1, path)


def flat_targets(
    start: npt.NDArray[np.floating], end: npt.NDArray[np.floating], n_steps: int
) -> npt.NDArray[np.int64]:
    """Cut each word into equal states, (batch, n_steps); -1 outside of it and without one."""
    centre = 4 * np.arange(n_steps) + _CENTRE + 2
    with np.errstate(invalid="ignore"):
        position = (centre - start[:, None]) / (end - start)[:, None] * N_STATES
        inside = (position >= 0) & (position < N_STATES)
    return np.where(inside, np.nan_to_num(position), -1).astype(np.int64)


def describe(likelihood: npt.NDArray[np.floating], n_steps: int) -> npt.NDArray[np.float64]:
    """Describe one candidate's alignment for the second stage.

    The ratio, also per step of the word; mean log ratio to the filler of each state and the
    worst of them; how long each state lasts; where the word starts.
    """
    likelihood = likelihood[: max(n_steps, N_STATES + 2)]
    ratio, path = align(likelihood)
    over_filler = likelihood[:, :N_STATES] - likelihood[:, N_STATES:]
    lasts = np.array([(path == s).sum() for s in range(N_STATES)], np.float64)
    means = np.array([over_filler[path == s, s].mean() for s in range(N_STATES)])
    begin = int(np.argmax(path == 0))
    total = lasts.sum()
    return np.array([ratio, ratio / total, means.min(), *means, *lasts, total, begin])


def second_stage(features: npt.NDArray[np.float64], is_word: npt.NDArray[np.bool_]) -> Any:
    """Fit the classifier on alignments of training windows."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(class_weight="balanced")).fit(features, is_word)
