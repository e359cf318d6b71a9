"""Misses over false accepts per hour: one panel per condition, one line per detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def save_plot(path: Path, results: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Draw the curves of `tools.accuracy evaluate`, one row of panels per word.

    Parameters
    ----------
    path : Path
        Picture to write; the suffix gives the format.
    results : mapping of str to sequence of dict
        Rows of detectors by word, each with `detector` and `curves`: by condition, pairs of
        false accepts per hour and misses in percent.
    """
    from matplotlib.figure import Figure

    conditions = list(dict.fromkeys(c for rows in results.values() for c in rows[0]["curves"]))
    n_columns = -(-len(conditions) // 2)
    figure = Figure(figsize=(3 * n_columns, 4.6 * len(results)), layout="constrained")
    panels = figure.subplots(2 * len(results), n_columns, sharex=True, sharey=True, squeeze=False)
    names = list(dict.fromkeys(row["detector"] for rows in results.values() for row in rows))
    for i, (word, rows) in enumerate(results.items()):
        for panel, condition in zip(panels[2 * i : 2 * i + 2].flat, conditions):
            for row in rows:
                rates, misses = zip(*row["curves"][condition])
                colour = f"C{names.index(row['detector'])}"
                # A rate keeps the misses of the last false accept that it allows.
                panel.step(rates, misses, where="post", color=colour)
            panel.set_title(f"{word}, {condition}", fontsize="medium")
            panel.set_xscale("log")
            panel.set_ylim(-3, 103)
            panel.grid(visible=True, alpha=0.3)
    for panel in panels[-1]:
        panel.set_xlabel("false accepts per hour")
    for panel in panels[:, 0]:
        panel.set_ylabel("misses (%)")
    for i, name in enumerate(names):
        panels[0, 0].plot([], [], color=f"C{i}", label=name)
    figure.legend(loc="outside lower center", ncols=3)
    figure.savefig(path, dpi=80)
