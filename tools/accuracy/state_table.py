"""The table of `python -m tools.accuracy metadata`: misses, and changes with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pywakeword.measure.evaluation import wilson_interval
from tools.accuracy.state_scores import RATES, STATES, Scores, missed

KINDS = ("one threshold", "one per state")
_PLAYING = [i for i, state in enumerate(STATES) if state != "none"]
_RESAMPLES, _SEED = 2000, 5

# By seed, take and state: misses of all conditions.
Counts = npt.NDArray[np.int64]


def count(seeds: Sequence[Scores], kind: str, rate: float) -> tuple[Counts, list[int]]:
    """Count the misses of each seed, take and state; also the trials per seed and state."""
    words = sorted({word for word, _ in seeds[0]})
    rows, trials = [], [0] * len(STATES)
    for scores in seeds:
        which = missed(scores, kind, rate)
        rows.append(
            np.stack(
                [np.concatenate([which[w, s].sum(axis=0) for w in words]) for s in STATES], axis=1
            )
        )
        trials = [sum(which[w, s].size for w in words) for s in STATES]
    return np.stack(rows), trials


def change(counts: Counts, baseline: Counts) -> float:
    """Return the mean relative change of the misses over the playback states, in %."""
    ratios = [
        counts[..., i].sum() / max(baseline[..., i].sum(), 1)
        for i in _PLAYING
        if baseline[..., i].sum()
    ]
    return 100 * (float(np.mean(ratios)) - 1) if ratios else 0.0


def change_interval(counts: Counts, baseline: Counts) -> tuple[float, float]:
    """Return the 95 % interval of `change`, over takes and seeds drawn anew in pairs."""
    rng = np.random.default_rng(_SEED)
    n_seeds, n_takes = counts.shape[:2]
    drawn = []
    for _ in range(_RESAMPLES):
        chosen = np.ix_(rng.integers(n_seeds, size=n_seeds), rng.integers(n_takes, size=n_takes))
        drawn.append(change(counts[chosen], baseline[chosen]))
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)


def print_table(networks: Mapping[str, Sequence[Scores]], hours: Mapping[str, float]) -> None:
    """Print misses in %, all seeds pooled, with intervals and the change against the baseline."""
    print("negatives: " + ", ".join(f"{s} {h:.2f} h" for s, h in hours.items()))
    for rate in RATES:
        print(f"\nmisses in % at {rate:g} false accepts per hour, all seeds")
        print(f"| network | thresholds | {' | '.join(STATES)} | change over playback states |")
        print("|---" * (len(STATES) + 3) + "|")
        baseline, _ = count(networks["baseline"], KINDS[0], rate)
        for name, seeds in networks.items():
            for kind in KINDS:
                counts, trials = count(seeds, kind, rate)
                cells = []
                for i, n in enumerate(trials):
                    failed, of = int(counts[..., i].sum()), n * len(seeds)
                    low, high = wilson_interval(failed, of)
                    cells.append(f"{100 * failed / of:.1f} [{100 * low:.1f}, {100 * high:.1f}]")
                low, high = change_interval(counts, baseline)
                cells.append(f"{change(counts, baseline):+.1f} % [{low:+.1f}, {high:+.1f}]")
                print(f"| {name} | {kind} | " + " | ".join(cells) + " |")
