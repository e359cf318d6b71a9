"""Post-screening of listeners, and means with intervals, by ITU-R BS.1534-3.

A listener is excluded for rating the hidden reference below 90 in more than 15 % of the items, or
the mid anchor (7 kHz) above 90 in more than 15 % of them. The second rule skips items whose mid
anchor more than a quarter of the listeners rate above 90: there the anchor is inaudible. Intervals
are the 95 % intervals of Student's t over listeners, mean +- t S / sqrt(N).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from tools.listening_test.store import Session
from tools.listening_test.study import REFERENCE

MID_ANCHOR = "anchor70"
RECOMMENDED_LISTENERS = 20
_GOOD = 90
_SHARE_OF_ITEMS, _SHARE_OF_LISTENERS = 0.15, 0.25

Ratings = Mapping[str, Mapping[str, Mapping[str, int]]]  # by listener, item, condition


class NoAnswersError(ValueError):
    """No usable answers are left."""


@dataclass(frozen=True)
class Estimate:
    """A mean over listeners; with one listener there is no interval and `half_width` is None."""

    mean: float
    half_width: float | None
    median: float
    quartiles: tuple[float, float]
    listeners: int


@dataclass(frozen=True)
class Results:
    """Results of a study; `excluded` has reasons by listener, `incomplete` listener codes."""

    overall: Mapping[str, Estimate]
    by_item: Mapping[str, Mapping[str, Estimate]]
    listeners: tuple[str, ...]
    excluded: Mapping[str, str]
    incomplete: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return everything as a JSON object."""
        return asdict(self)


def analyse(sessions: Sequence[Session]) -> Results:
    """Screen the listeners, and compute means over the others.

    Raises
    ------
    NoAnswersError
        If no listener has finished, or all are excluded.
    """
    incomplete = tuple(s.listener for s in sessions if s.done < len(s.trials))
    ratings = {
        session.listener: {
            answer["item"]: answer["ratings"]
            for answer in session.answers
            if not answer["training"]
        }
        for session in sessions
        if session.done == len(session.trials)
    }
    if not ratings:
        raise NoAnswersError(f"no listener has finished ({len(incomplete)} have begun)")
    excluded = screen(ratings)
    kept = {listener: of for listener, of in ratings.items() if listener not in excluded}
    if not kept:
        raise NoAnswersError("post-screening leaves no listener out of " + ", ".join(ratings))
    first = next(iter(kept.values()))
    conditions = sorted(next(iter(first.values())))
    by_item = {
        item: {c: _estimate([of[item][c] for of in kept.values()]) for c in conditions}
        for item in sorted(first)
    }
    # Over listeners: the ratings of one listener are not independent.
    overall = {
        c: _estimate([np.mean([of[item][c] for item in of]) for of in kept.values()])
        for c in conditions
    }
    return Results(overall, by_item, tuple(kept), excluded, incomplete)


def screen(ratings: Ratings) -> dict[str, str]:
    """Return the excluded listeners with reasons."""
    items = list(next(iter(ratings.values())))
    audible = [
        item
        for item in items
        if np.mean([of[item].get(MID_ANCHOR, 0) > _GOOD for of in ratings.values()])
        <= _SHARE_OF_LISTENERS
    ]
    excluded = {}
    for listener, of in ratings.items():
        missed = sum(of[item][REFERENCE] < _GOOD for item in items)
        praised = sum(of[item].get(MID_ANCHOR, 0) > _GOOD for item in audible)
        if missed > _SHARE_OF_ITEMS * len(items):
            excluded[listener] = f"hidden reference below {_GOOD} in {missed} of {len(items)} items"
        elif praised > _SHARE_OF_ITEMS * len(audible):
            excluded[listener] = f"mid anchor above {_GOOD} in {praised} of {len(audible)} items"
    return excluded


def table(results: Results) -> str:
    """Return the results as text."""
    count = len(results.listeners)
    lines = [
        f"{count} listeners, {len(results.excluded)} excluded, {len(results.incomplete)} unfinished"
    ]
    lines += [f"  excluded {name}: {reason}" for name, reason in results.excluded.items()]
    if count < RECOMMENDED_LISTENERS:
        lines.append(f"  fewer than {RECOMMENDED_LISTENERS} listeners: no more than a hint")
    for title, estimates in [("all items", results.overall), *results.by_item.items()]:
        lines += ["", title]
        for name, e in sorted(estimates.items(), key=lambda entry: -entry[1].mean):
            interval = "no interval" if e.half_width is None else f"+- {e.half_width:.1f}"
            lines.append(
                f"  {name:<16} {e.mean:5.1f} {interval:<12} "
                f"median {e.median:.1f} ({e.quartiles[0]:.1f} to {e.quartiles[1]:.1f})"
            )
    return "\n".join(lines)


def _estimate(values: Sequence[float]) -> Estimate:
    data = np.asarray(values, np.float64)
    half_width = None
    if len(data) > 1:
        t = float(stats.t.ppf(0.975, len(data) - 1))
        half_width = t * float(data.std(ddof=1)) / len(data) ** 0.5
    low, middle, high = (float(q) for q in np.percentile(data, [25, 50, 75]))
    return Estimate(float(data.mean()), half_width, middle, (low, high), len(data))
