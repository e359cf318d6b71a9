"""The figures: policies chosen on some speakers, reported on others, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.endpointing.policy import WaitPolicy
from pywakeword.measure.evaluation import around
from tools.endpointing.figures.judging import has_transcripts, table
from tools.endpointing.figures.sweep import (
    Outcome,
    Sweep,
    Table,
    apply,
    auc,
    pause_policies,
    ramp_policies,
    threshold_policies,
)

_BOOTSTRAPS = 1000
# How each method turns scores into waits; the rival keeps the protocol's own rule.
_POLICIES: dict[str, tuple[str, Callable[[Table], list[Any]]]] = {
    "pause only": ("two_pass", lambda _: list(pause_policies())),
    "<eos> only": ("eos", lambda t: list(ramp_policies(t))),
    "two passes": ("two_pass", lambda t: list(ramp_policies(t))),
    "two passes, Whisper": ("transcript", lambda t: list(ramp_policies(t))),
    "smart-turn v3.2": ("smart_turn", lambda t: list(threshold_policies(t))),
    "smart-turn v3.2, as a ramp": ("smart_turn", lambda t: list(ramp_policies(t))),
}
_POINTS: dict[str, Callable[[Sweep], Any]] = {
    "cut-offs at 300 ms": lambda s: s.fewest_cut_offs(300),
    "cut-offs at 600 ms": lambda s: s.fewest_cut_offs(600),
    "latency at 5 %": lambda s: s.shortest_latency(0.05),
    "latency at 10 %": lambda s: s.shortest_latency(0.10),
}


def figures(judged: dict[str, Any]) -> dict[str, Any]:
    """All figures: each half of the speakers reported under the policy of the other."""
    speakers, halves = _halves(judged)
    in_dev = np.array([u["split"] == "dev" for u in judged["utterances"]])
    found: dict[str, Any] = {
        "utterances": len(speakers),
        "speakers": len(np.unique(speakers)),
        "holds": _n_holds(table(judged, "two_pass")),
        "cost": judged["cost"],
        "methods": {},
    }
    everyone = np.ones(len(speakers), bool)
    # Who chooses and who is reported; several folds are reported together.
    views = {
        "crossed": [(~halves, halves), (halves, ~halves)],
        "dev speakers": [(~in_dev, in_dev)],
        "in sample": [(everyone, everyone)],
    }
    for method, (scores, make) in _methods(judged).items():
        pauses = table(judged, scores)
        row: dict[str, Any] = {point: {} for point in _POINTS}
        if method != "pause only":
            row["auc at 200 ms"] = round(auc(pauses), 3)
        for view, folds in views.items():
            for point, outcome in _reported(pauses, folds, speakers, make).items():
                row[point][view] = outcome
        found["methods"][method] = row
    return found


def _halves(judged: dict[str, Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return each utterance's speaker, and whether that is in the first half of the speakers."""
    speakers = np.array([u["speaker"] for u in judged["utterances"]])
    return speakers, np.isin(speakers, np.unique(speakers)[::2])


def _methods(judged: dict[str, Any]) -> dict[str, tuple[str, Callable[[Table], list[Any]]]]:
    known = has_transcripts(judged)
    return {
        name: method for name, method in _POLICIES.items() if known or method[0] != "transcript"
    }


def _n_holds(pauses: Table) -> dict[str, int]:
    holds = ~pauses.is_end
    return {
        "of 100 ms": int(holds.sum()),
        "of 200 ms": int((holds & (pauses.duration_ms >= 200)).sum()),
    }


def _reported(
    pauses: Table,
    folds: list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]],
    speakers: npt.NDArray[Any],
    make: Callable[[Table], list[Any]],
) -> dict[str, dict[str, Any]]:
    """Each operating point's outcome, its policies chosen on other speakers."""
    outcomes: dict[str, list[Outcome]] = {point: [] for point in _POINTS}
    policies: dict[str, list[str]] = {point: [] for point in _POINTS}
    for choosing, reporting in folds:
        if not reporting.any():
            continue
        theirs = pauses.of(np.flatnonzero(choosing))
        sweep = Sweep.over(make(theirs), theirs)
        mine = pauses.of(np.flatnonzero(reporting))
        for point, choose in _POINTS.items():
            policy = choose(sweep)
            outcomes[point].append(apply(policy, mine))
            policies[point].append(repr(policy))
    order = np.concatenate([np.flatnonzero(reporting) for _, reporting in folds])
    return {
        point: {**_summary(_joined(found), speakers[order]), "policies": policies[point]}
        for point, found in outcomes.items()
    }


def _joined(outcomes: list[Outcome]) -> Outcome:
    return Outcome(
        np.concatenate([o.cut_off for o in outcomes]),
        np.concatenate([o.latency_ms for o in outcomes]),
        np.concatenate([o.timed_out for o in outcomes]),
    )


def chosen_policy(judged: dict[str, Any], cut_off: float, method: str = "two_pass") -> WaitPolicy:
    """Return the policy to ship: the shortest latency within a budget, chosen on everyone."""
    pauses = table(judged, method)
    policy: WaitPolicy = Sweep.over(ramp_policies(pauses), pauses).shortest_latency(cut_off).policy
    return policy


def _summary(outcome: Outcome, speakers: npt.NDArray[Any]) -> dict[str, Any]:
    """Shares in per cent, times in ms; intervals of 95 % by drawing speakers."""
    rng = np.random.default_rng(7)
    by_speaker = [np.flatnonzero(speakers == s) for s in np.unique(speakers)]
    drawn = []
    for _ in range(_BOOTSTRAPS):
        index = np.concatenate(
            [by_speaker[i] for i in rng.integers(len(by_speaker), size=len(by_speaker))]
        )
        drawn.append((100 * outcome.cut_off[index].mean(), outcome.latency_ms[index].mean()))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    cut_off, latency_ms = 100 * float(outcome.cut_off.mean()), float(outcome.latency_ms.mean())
    p50, p90, p99 = np.percentile(outcome.latency_ms, [50, 90, 99])
    return {
        "cut_off": round(cut_off, 1),
        "cut_off_interval": [round(v, 1) for v in around(cut_off, float(low[0]), float(high[0]))],
        "latency_ms": round(latency_ms),
        "latency_interval": [round(v) for v in around(latency_ms, float(low[1]), float(high[1]))],
        "p50": round(float(p50)),
        "p90": round(float(p90)),
        "p99": round(float(p99)),
        "timed_out": round(100 * float(outcome.timed_out.mean()), 1),
    }


def kind_lines(judged: dict[str, Any]) -> list[str]:
    """Write the crossed table of each kind of utterance, under policies chosen on all kinds."""
    speakers, halves = _halves(judged)
    kinds = np.array([u["kind"] for u in judged["utterances"]])
    out = []
    for kind in np.unique(kinds):
        told = kinds == kind
        folds = [(~halves, halves & told), (halves, ~halves & told)]
        methods = {
            method: {
                point: {"crossed": outcome}
                for point, outcome in _reported(
                    table(judged, scores), folds, speakers, make
                ).items()
            }
            for method, (scores, make) in _methods(judged).items()
        }
        out.append(f"{kind}: {told.sum()} utterances of {len(np.unique(speakers[told]))} speakers")
        out += lines({"methods": methods}, "crossed")
    return out


def lines(found: dict[str, Any], view: str) -> list[str]:
    """Write the table as text; `view` is "crossed", "dev speakers" or "in sample"."""
    out = [f"{'':28}" + "".join(f"{point:>34}" for point in _POINTS)]
    for method, row in found["methods"].items():
        cells = []
        for point in _POINTS:
            r = row[point][view]
            low, high = r["cut_off_interval"]
            cut = f"{r['cut_off']:.1f} % [{low:.1f} {high:.1f}]"
            late = f"{r['latency_ms']} ms"
            cells.append(f"{cut + ' ' + late:>34}")
        out.append(f"{method:28}" + "".join(cells))
    return out
