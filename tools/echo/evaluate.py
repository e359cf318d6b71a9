"""Echo cancellers beside each other: python -m tools.echo evaluate --data DIR.

All get the same samples in one run. Median over the seeds; a time of inf means that the
level was never reached. CPU time per second of audio, in calls of 10 ms.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tools.echo.figures import measure
from tools.echo.peers import cancellers
from tools.echo.scenes import SECONDS, Stage


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison and print its table."""
    parser = argparse.ArgumentParser(prog="python -m tools.echo evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--json", type=Path, help="write every figure of every scene")
    args = parser.parse_args(argv)
    try:
        stage = Stage(args.data)
    except (OSError, ValueError) as error:
        print(f"tools.echo: {error}", file=sys.stderr)
        return 2
    peers = cancellers()
    if len(peers) < 4:
        print("tools.echo: without WebRTC AEC3: pip install pywebrtc-audio", file=sys.stderr)
    cells: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    cpu: dict[str, list[float]] = defaultdict(list)
    for scene in stage.scenes(range(args.seeds)):
        for name, canceller in peers.items():
            out, seconds = canceller(scene.microphone, scene.loudspeaker, scene.delay_samples)
            cpu[name].append(seconds / SECONDS)
            for figure, value in measure(scene, out).items():
                cells[scene.kind, scene.case, figure][name].append(value)
    print(f"| playback | case | figure | {' | '.join(peers)} |")
    print("|---" * (3 + len(peers)) + "|")
    for (kind, case, figure), values in cells.items():
        row = [f"{statistics.median(values[name]):.1f}" for name in peers]
        print(f"| {kind} | {case} | {figure} | {' | '.join(row)} |")
    times = [f"{1000 * statistics.median(cpu[name]):.2f}" for name in peers]
    print(f"| all | all | CPU, ms per s | {' | '.join(times)} |")
    if args.json is not None:
        document = {
            "cells": [
                {"kind": k, "case": c, "figure": f, **values} for (k, c, f), values in cells.items()
            ],
            "cpu_s_per_s": cpu,
        }
        args.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0
