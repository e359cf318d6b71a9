"""Losses and dev misses of a training run as a picture: python -m tools.release plot --work DIR.

Every stage of `python -m tools.release train` writes a CSV with its mean losses; one panel each.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path


def read_log(path: Path) -> dict[str, list[float]]:
    """Return the columns of a training log by name."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else ())}


def main(argv: list[str] | None = None) -> int:
    """Draw one panel per log."""
    parser = argparse.ArgumentParser(prog="python -m tools.release plot", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("runs/train"))
    parser.add_argument("--out", type=Path, default=Path("training.png"))
    args = parser.parse_args(argv)
    logs = {path.stem: read_log(path) for path in sorted(args.work.glob("*.csv"))}
    logs = {name: log for name, log in logs.items() if log}
    if not logs:
        print(f"error: {args.work}: no training log (*.csv) there", file=sys.stderr)
        return 2
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(len(logs), squeeze=False, figsize=(7, 2.6 * len(logs)))
    for panel, (name, log) in zip(panels[:, 0], logs.items()):
        for loss in log.keys() - {"step", "seconds"}:
            panel.semilogy(log["step"], log[loss], label=loss)
        panel.set(title=name, xlabel="step", ylabel="mean loss")
        panel.legend()
        panel.grid(True, alpha=0.3)
    figure.tight_layout()
    figure.savefig(args.out, dpi=110)
    print(args.out)
    return 0
