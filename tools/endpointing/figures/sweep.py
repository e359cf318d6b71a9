"""False cut-offs against latency, on the protocol of eot-bench.

Each pause of at least 100 ms in an utterance is a hold; the last pause is its end. A policy gives
each pause the time at which it fires. An utterance is cut off if the policy fires during a hold.
Its latency is the time at which its end fires. All times are whole milliseconds: with floats,
comparing a hold of 300 ms with a delay of 0.3 s would depend on rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.endpointing.policy import WaitPolicy
from tools.endpointing.data.examples import ASK_MS

LIMIT_MS = 2000  # the longest wait
_DELAYS_MS = tuple(range(100, LIMIT_MS + 1, 50))


@dataclass(frozen=True)
class Table:
    """Pauses of a set of utterances.

    Attributes
    ----------
    utterance : (n,) ndarray of int
        Which utterance each pause belongs to, from 0.
    is_end : (n,) ndarray of bool
    duration_ms : (n,) ndarray of int
        Of holds; LIMIT_MS for ends.
    scores : (n, 3) ndarray of float
        At ASK_MS; nan where the pause was over by then.
    """

    utterance: npt.NDArray[np.int64]
    is_end: npt.NDArray[np.bool_]
    duration_ms: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]

    def of(self, utterances: npt.NDArray[np.int64]) -> Table:
        """Pick the pauses of some utterances (which may repeat), renumbered in their order."""
        where = [np.flatnonzero(self.utterance == u) for u in utterances]
        index = np.concatenate(where)
        number = np.repeat(np.arange(len(where)), [len(w) for w in where])
        return Table(number, self.is_end[index], self.duration_ms[index], self.scores[index])


@dataclass(frozen=True)
class Outcome:
    """What a policy does to each utterance."""

    cut_off: npt.NDArray[np.bool_]
    latency_ms: npt.NDArray[np.int64]
    timed_out: npt.NDArray[np.bool_]


class PauseOnly:
    """Fires after a fixed pause."""

    def __init__(self, delay_ms: int) -> None:
        self.delay_ms = delay_ms

    def fires_ms(self, table: Table) -> npt.NDArray[np.int64]:
        """Return when each pause fires, if it lasts until then."""
        return np.full(len(table.is_end), self.delay_ms)

    @property
    def timeout_ms(self) -> int:
        """The longest wait."""
        return LIMIT_MS + 1

    def __repr__(self) -> str:
        return f"{self.delay_ms} ms"


class Threshold:
    """eot-bench's policy: one question at 200 ms; fires after a delay, or at the timeout."""

    def __init__(self, threshold: float, delay_ms: int, timeout_ms: int) -> None:
        self.threshold, self.delay_ms, self.timeout_ms = threshold, delay_ms, timeout_ms

    def fires_ms(self, table: Table) -> npt.NDArray[np.int64]:
        """Return when each pause fires, if it lasts until then."""
        sure = np.nan_to_num(table.scores[:, 0], nan=-1.0) >= self.threshold
        return np.where(sure, self.delay_ms, self.timeout_ms)

    def __repr__(self) -> str:
        return f"threshold {self.threshold:g}, {self.delay_ms} ms or {self.timeout_ms} ms"


class Ramp:
    """`TwoPassEndpointer`'s policy: questions at 200, 500 and 1200 ms, and a smooth ramp."""

    def __init__(self, policy: WaitPolicy) -> None:
        self.policy = policy

    @property
    def timeout_ms(self) -> int:
        """The longest wait."""
        return round(self.policy.longest_ms)

    def fires_ms(self, table: Table) -> npt.NDArray[np.int64]:
        """Return when each pause fires, if it lasts until then."""
        fires = np.full(len(table.is_end), LIMIT_MS)
        waits = np.ceil(_waits_ms(self.policy, np.nan_to_num(table.scores))).astype(int)
        for i in reversed(range(len(ASK_MS))):
            asked = ~np.isnan(table.scores[:, i])
            fire = np.maximum(waits[:, i], ASK_MS[i])
            before_next = fire < (ASK_MS[i + 1] if i + 1 < len(ASK_MS) else LIMIT_MS + 1)
            fires = np.where(asked & before_next, fire, fires)
        return fires

    def __repr__(self) -> str:
        p = self.policy
        return (
            f"{p.shortest_ms:g} to {p.longest_ms:g} ms, middle {p.middle:g}, "
            f"steepness {p.steepness:g}"
        )


def _waits_ms(policy: WaitPolicy, p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """`WaitPolicy.wait_ms` for arrays; a test compares the two."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    middle = np.log(policy.middle / (1 - policy.middle))
    distance = policy.steepness * (np.log(p / (1 - p)) - middle)
    share = 1 / (1 + np.exp(np.minimum(distance, 700)))
    return np.asarray(policy.shortest_ms + (policy.longest_ms - policy.shortest_ms) * share)


def apply(policy: Any, table: Table) -> Outcome:
    """Return the outcome of each utterance under a policy."""
    fires = policy.fires_ms(table)
    n = int(table.utterance.max()) + 1
    cut_off = np.zeros(n, bool)
    early = ~table.is_end & (fires < table.duration_ms)
    cut_off[table.utterance[early]] = True
    latency = np.zeros(n, np.int64)
    latency[table.utterance[table.is_end]] = fires[table.is_end]
    return Outcome(cut_off, latency, latency >= policy.timeout_ms)


def pause_policies() -> list[PauseOnly]:
    """List every fixed pause of the sweep."""
    return [PauseOnly(d) for d in _DELAYS_MS]


def threshold_policies(table: Table) -> list[Threshold]:
    """Thresholds at quantiles of the scores, delays and timeouts on the grid."""
    scores = table.scores[:, 0][~np.isnan(table.scores[:, 0])]
    thresholds = np.unique(np.quantile(scores, np.linspace(0.01, 0.99, 40)))
    delays = [d for d in _DELAYS_MS if 200 <= d <= 800]
    timeouts = [d for d in _DELAYS_MS if d >= 400 and d % 100 == 0]
    return [
        Threshold(float(t), d, late)
        for t, d, late in product(thresholds, delays, timeouts)
        if late > d
    ]


def ramp_policies(table: Table) -> list[Ramp]:
    """Try ramps around quantiles of the scores."""
    scores = table.scores[~np.isnan(table.scores)]
    middles = np.unique(np.clip(np.quantile(scores, np.linspace(0.02, 0.9, 16)), 1e-3, 1 - 1e-3))
    longest = (600, 800, 1000, 1200, 1400, 1600, 2000)
    grid = product(longest, middles, (0.5, 1.0, 2.0, 4.0))
    return [Ramp(WaitPolicy(200, late, float(m), steepness)) for late, m, steepness in grid]


@dataclass(frozen=True)
class Sweep:
    """Every policy on one set of utterances: share cut off, and mean latency in ms."""

    policies: Sequence[Any]
    cut_off: npt.NDArray[np.float64]
    latency_ms: npt.NDArray[np.float64]

    @classmethod
    def over(cls, policies: Sequence[Any], table: Table) -> Sweep:
        """Try them all."""
        outcomes = [apply(policy, table) for policy in policies]
        return cls(
            policies,
            np.array([o.cut_off.mean() for o in outcomes]),
            np.array([o.latency_ms.mean() for o in outcomes]),
        )

    def fewest_cut_offs(self, latency_ms: float) -> Any:
        """Find the policy with the fewest false cut-offs at a mean latency within the budget."""
        return self._first(self.latency_ms > latency_ms, self.cut_off, self.latency_ms)

    def shortest_latency(self, cut_off: float) -> Any:
        """Find the policy with the shortest mean latency within a budget of false cut-offs."""
        return self._first(self.cut_off > cut_off, self.latency_ms, self.cut_off)

    def _first(self, *keys: npt.NDArray[Any]) -> Any:
        return self.policies[int(np.lexsort(keys[::-1])[0])]


def auc(table: Table, ask: int = 0) -> float:
    """Area under the ROC curve of ends against holds at one question; a diagnostic only."""
    scores = table.scores[:, ask]
    known = ~np.isnan(scores)
    return area(scores[known & table.is_end], scores[known & ~table.is_end])


def area(ends: npt.NDArray[np.float64], holds: npt.NDArray[np.float64]) -> float:
    """Share of pairs in which the end scores higher; ties count half."""
    higher = (ends[:, None] > holds[None]).mean() + 0.5 * (ends[:, None] == holds[None]).mean()
    return float(higher)
