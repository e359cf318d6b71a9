"""The user's view: the device alone, and the device at a loose threshold with the verifier.

Weights of the fusion and thresholds come from one half of the leak groups, and what they do is
counted on the other; then the halves change places, and both counts are added.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword.measure.evaluation import wilson_interval
from pywakeword.training.figures.conditions import CANCELLED, CONDITIONS
from pywakeword.verifier.scorer import Fusion
from tools.verifier.data.candidates import Candidates
from tools.verifier.data.dev_set import LOOSE_THRESHOLD, SPOKEN, DevSet, default_candidates
from tools.verifier.figures.system import (
    Floats,
    OnnxVerifier,
    Points,
    Tally,
    boundary_errors,
    change,
    choose,
    fit,
    sent,
    tally,
)

ROWS = {
    "device_alone_at_default": "device alone at its default",
    "device_alone_loose": f"device alone at {LOOSE_THRESHOLD:g}",
    "network_same_false_accepts": "with the network alone, at the device's false accepts",
    "same_false_accepts": "with network and device score, at the device's false accepts",
    "same_misses": "with network and device score, at the device's misses",
    "abstaining": "the same, the device decides in an abstain zone",
}
_MEAN = slice(0, len(CONDITIONS))
_ZONE = 0.25  # the zone reaches down to this share of the threshold's odds


def measure(dev: DevSet, path: Path) -> dict[str, Any]:
    """Return the figures of one word with one verifier."""
    conditions = [c for c in (*CONDITIONS, *CANCELLED, *SPOKEN) if c in dev.takes]
    verifier = OnnxVerifier(path)
    found = dev.at(LOOSE_THRESHOLD)
    network, start, end = verifier(found)
    sums: dict[str, Tally] = {}
    halves = dev.halves()
    for here, other in (halves, halves[::-1]):
        for name, one in _both(here, other, found, network, conditions, dev.groups).items():
            sums[name] = sums[name] + one if name in sums else one
    own = sums["device_alone_at_default"]
    fusion, points = _final(dev, found, network)
    return {
        "fusion": asdict(fusion),
        "thresholds": asdict(points),
        "device_threshold": LOOSE_THRESHOLD,
        "rows": {name: _row(one, conditions) for name, one in sums.items()},
        "change": {
            name: change(own, one, _MEAN)
            for name, one in sums.items()
            if not name.startswith("device")
        },
        "sent": sent(dev),
        "boundaries": boundary_errors(found, start, end),
    }


def _both(
    here: DevSet,
    other: DevSet,
    whole: Candidates,
    network: Floats,
    conditions: list[str],
    groups: list[str],
) -> dict[str, Tally]:
    """Choose on `here`, count on `other`."""
    marks = [np.isin(whole.group, half.groups) for half in (here, other)]
    (chosen, reported), (before, after) = (
        [whole.where(m) for m in marks],
        [network[m] for m in marks],
    )
    eight = list(CONDITIONS)
    fusion = fit(chosen, before)
    points = choose(here, chosen, fusion(before, chosen.score), eight)
    plain = choose(here, chosen, before, eight)
    scores = fusion(after, reported.score)
    alone, accepted = default_candidates(other)
    lowest = min(alone.score, default=1.0)

    def count(found: Candidates, marks: Any) -> Tally:
        return tally(other, groups, conditions, found, marks)

    accept = points.same_false_accepts
    zone = accept * _ZONE / (accept * _ZONE + 1 - accept)
    abstained = (scores >= zone) & (reported.score >= (1 + lowest) / 2)
    return {
        "device_alone_at_default": count(alone, accepted),
        "device_alone_loose": count(reported, np.ones(len(reported), bool)),
        "network_same_false_accepts": count(reported, after >= plain.same_false_accepts),
        "same_false_accepts": count(reported, scores >= accept),
        "same_misses": count(reported, scores >= points.same_misses),
        "abstaining": count(reported, (scores >= accept) | abstained),
    }


def _final(dev: DevSet, found: Candidates, network: Floats) -> tuple[Fusion, Points]:
    """Return what ships: chosen on all of it."""
    fusion = fit(found, network)
    return fusion, choose(dev, found, fusion(network, found.score), list(CONDITIONS))


def _row(one: Tally, conditions: list[str]) -> dict[str, Any]:
    takes, misses = one.takes[_MEAN].sum(), one.misses[_MEAN].sum()
    return {
        "miss_rate": round(one.miss_rate(rows=_MEAN), 4),
        "interval_95": [round(x, 4) for x in wilson_interval(int(misses), int(takes))],
        "takes": int(takes),
        "false_accepts": int(one.false_accepts.sum()),
        "hours": round(float(one.hours.sum()), 2),
        "false_accepts_per_hour": round(one.false_accept_rate(), 3),
        "miss_rate_by_condition": {
            name: round(float(one.misses[i].sum() / max(one.takes[i].sum(), 1)), 4)
            for i, name in enumerate(conditions)
        },
    }


def report(word: str, figures: dict[str, Any]) -> str:
    """Return the tables of one word as Markdown."""
    rows = figures["rows"]
    lines = [f"\n{word}: {figures['fusion']}, {figures['thresholds']}, sent: {figures['sent']}"]
    lines += ["| | misses, mean of eight conditions | false accepts |", "|---|---|---|"]
    for name, title in ROWS.items():
        row = rows[name]
        low, high = (100 * x for x in row["interval_95"])
        lines.append(
            f"| {title} | {100 * row['miss_rate']:.1f} % [{low:.1f}, {high:.1f}] | "
            f"{row['false_accepts']} in {row['hours']:g} h: {row['false_accepts_per_hour']:.2f}/h |"
        )
    for name, kind in (("same_false_accepts", "misses"), ("same_misses", "false_accepts")):
        middle, low, high = (100 * x for x in figures["change"][name][kind])
        lines.append(
            f"\n{kind.replace('_', ' ')} {middle:+.0f} % [{low:+.0f}, {high:+.0f}], {ROWS[name]}"
        )
    lines += ["", "| misses | device alone | with the verifier |", "|---|---|---|"]
    for name, alone in rows["device_alone_at_default"]["miss_rate_by_condition"].items():
        with_it = rows["same_false_accepts"]["miss_rate_by_condition"][name]
        lines.append(f"| {name} | {100 * alone:.1f} % | {100 * with_it:.1f} % |")
    lines += [f"{name.replace('_', ' ')}: {e}" for name, e in figures["boundaries"].items()]
    return "\n".join(lines)
