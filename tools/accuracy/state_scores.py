"""Scores of a float network in every playback state, and misses at two kinds of thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword import DeviceState
from pywakeword.measure.evaluation import peaks
from pywakeword.training.figures.conditions import Condition, Conditions, Stream
from pywakeword.training.figures.develop import outputs, smooth
from pywakeword.training.material.features import lfbe
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import REFRACTORY_S, SMOOTHING

# State -> conditions of its takes; each take is tested in all of them.
STATES: dict[str, tuple[Condition, ...]] = {
    "none": (
        Condition(),
        Condition("noise", 5.0),
        Condition("babble", 5.0),
        Condition("noise", 5.0, far=True),
    ),
    **{k: tuple(Condition(k, db) for db in (5.0, 0.0, -6.0)) for k in ("music", "tts", "alarm")},
}
_WRONG = {"none": "music", "music": "none", "tts": "alarm", "alarm": "tts"}
RATES = (0.5, 1.0)

Features = npt.NDArray[np.float16]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class StateStreams:
    """Features of one state: takes by word, one list per condition; negatives; their hours."""

    takes: Mapping[str, tuple[list[Features], ...]]
    negatives: Features
    hours: float


@dataclass(frozen=True)
class StateScore:
    """Best scores of the takes of a word, (conditions, takes), and peaks of the negatives."""

    best: Floats
    peaks: Floats
    hours: float


Scores = Mapping[tuple[str, str], StateScore]  # by word and state


def prepare_streams(conditions: Conditions, words: tuple[str, ...]) -> dict[str, StateStreams]:
    """Make the features of takes and negatives per state."""

    def features(streams: list[Stream]) -> list[Features]:
        return [lfbe(s.pcm.astype(np.float32) / 32768).astype(np.float16) for s in streams]

    made = {}
    for state, wanted in STATES.items():
        takes = {
            word: tuple(features(list(conditions.positives(word, c))) for c in wanted)
            for word in words
        }
        if state == "none":
            streams = [*conditions.negatives(words), *conditions.negatives_in(words, "noise")]
        else:
            streams = list(conditions.negatives_in(words, state))
        hours = sum(len(s.pcm) for s in streams) / 16_000 / 3600
        made[state] = StateStreams(takes, np.concatenate(features(streams)), hours)
    return made


def given_state(playing: str, given: str) -> DeviceState:
    """Return the state that a network gets: "right", "unknown" or "wrong"."""
    if given == "unknown":
        return DeviceState()
    right = DeviceState("speaker", playing, None if playing == "none" else 0.5)
    return right if given == "right" else replace(right, playback=_WRONG[playing])


def score(network: Network, streams: Mapping[str, StateStreams], given: str) -> Scores:
    """Score takes and negatives of every state."""
    network.eval()

    def posteriors(features: Features, state: DeviceState) -> npt.NDArray[Any]:
        return smooth(1 / (1 + np.exp(-outputs(network, features, state)[:, :, 0])), SMOOTHING)

    scores = {}
    for playing, made in streams.items():
        state = given_state(playing, given)
        negatives = posteriors(made.negatives, state)
        for index, word in enumerate(network.shape.words):
            found = peaks(negatives[:, index], 0.01 * network.shape.stride, REFRACTORY_S)
            best = [
                [float(posteriors(take, state)[:, index].max()) for take in takes]
                for takes in made.takes[word]
            ]
            scores[word, playing] = StateScore(np.array(best), found, made.hours)
    return scores


def thresholds(scores: Scores, word: str, rate: float, kind: str) -> dict[str, float]:
    """Return the threshold of a word in each state.

    "one per state": at most `rate` false accepts per hour in each. "one threshold": at most
    `rate` in the mean over the states.
    """
    rows = {state: row for (w, state), row in scores.items() if w == word}
    if kind == "one per state":
        return {state: _lowest([row], rate) for state, row in rows.items()}
    return dict.fromkeys(rows, _lowest(list(rows.values()), rate))


def _lowest(rows: list[StateScore], rate: float) -> float:
    """Return the lowest threshold with at most this mean rate over the rows."""
    values = np.concatenate([row.peaks for row in rows])
    weights = np.concatenate([np.full(len(row.peaks), 1 / row.hours) for row in rows])
    order = np.argsort(-values, kind="stable")
    values = values[order]
    # Rate of a threshold at each value, its equals included.
    last = np.searchsorted(-values, -values, side="right") - 1
    allowed = np.cumsum(weights[order])[last] / len(rows) <= rate + 1e-9
    too_low = values[~allowed]
    return float(np.nextafter(too_low[0], np.inf)) if len(too_low) else 0.0


def missed(scores: Scores, kind: str, rate: float) -> dict[tuple[str, str], npt.NDArray[np.bool_]]:
    """Return which takes are missed, (conditions, takes) by word and state."""
    made = {}
    for word in {word for word, _ in scores}:
        limits = thresholds(scores, word, rate, kind)
        for state, limit in limits.items():
            made[word, state] = scores[word, state].best < limit
    return made


def misses(scores: Scores, kind: str) -> npt.NDArray[np.int64]:
    """Count misses, (rates, states)."""
    counts = np.zeros((len(RATES), len(STATES)), np.int64)
    for i, rate in enumerate(RATES):
        for (_, state), which in missed(scores, kind, rate).items():
            counts[i, list(STATES).index(state)] += int(which.sum())
    return counts
