"""Time from a detection to its verdict: python -m tools.verifier latency [--models DIR].

A server runs as a process on this machine. The library's `Verifier` asks it for one verdict
after the other, with a connection that is already open; the first, which opens it, is given
apart. Then `pywakeword verifier check` runs as a process of its own: what it takes until it
has found its candidates, and what the verdicts take. Without --models, a stand-in of the CRA's
shape is served.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import pywakeword
from pywakeword.verifier import Verifier
from tools.verifier.faults import start_server
from tools.verifier.stand_in import write_stand_in

_SNIPPET_SAMPLES, _PRE_ROLL = 31_440, 8000
_SPEECH = Path(__file__).parents[2] / "tests" / "golden"


def main(argv: Sequence[str] | None = None) -> int:
    """Print both."""
    parser = argparse.ArgumentParser(prog="python -m tools.verifier latency", description=__doc__)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--keyword", default="computer")
    parser.add_argument("--count", type=int, default=200, help="verdicts of the library")
    parser.add_argument("--runs", type=int, default=5, help="of the command line")
    args = parser.parse_args(argv)
    recording = _SPEECH / f"{args.keyword}.wav"
    if not recording.is_file():
        print(f"error: no recording {recording}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        models = args.models or write_stand_in(Path(name), args.keyword).parent
        with start_server(models) as server:
            first, later = of_library(server.url, args.keyword, args.count)
            print(f"library: first verdict {first:.0f} ms, {_percentiles(later)}")
            print(f"command line: {of_command(server.url, args.keyword, recording, args.runs)}")
    return 0


def of_library(url: str, keyword: str, count: int) -> tuple[float, list[float]]:
    """Return milliseconds of the first verdict and of each of those that follow."""
    rng = np.random.default_rng(1)
    pcm = rng.normal(0, 1000, _SNIPPET_SAMPLES).astype(np.int16)
    times = []
    with Verifier(url, thresholds={keyword: 0.1}) as verifier:
        for _ in range(count + 1):
            started_s = time.monotonic()
            result = verifier.verify(
                pywakeword.Detection(
                    keyword=keyword,
                    score=0.7,
                    start_sample=_PRE_ROLL,
                    end_sample=20_000,
                    detected_sample=_SNIPPET_SAMPLES,
                    snippet=pcm,
                    pre_roll_samples=_PRE_ROLL,
                    device_state=pywakeword.DeviceState(),
                )
            )
            if result.verdict is None:
                raise RuntimeError(f"no verdict: {result.reason}")
            times.append(1000 * (time.monotonic() - started_s))
    return times[0], times[1:]


def of_command(url: str, keyword: str, recording: Path, runs: int) -> str:
    """Run `pywakeword verifier check`; return what the process and its verdicts take."""
    command = [sys.executable, "-m", "pywakeword", "verifier", "check", str(recording), "--json"]
    command += ["--url", url, "--keyword", keyword, "--threshold", "0.1"]
    whole, verdicts = [], []
    for _ in range(runs):
        started_s = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        whole.append(1000 * (time.monotonic() - started_s))
        rows: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
        verdicts += [row["latency_ms"] for row in rows]
    seconds = soundfile.info(str(recording)).duration
    return (
        f"process {np.median(whole):.0f} ms for {seconds:.1f} s of audio; "
        f"the first verdict of a process, which opens the connection: {_percentiles(verdicts)}"
    )


def _percentiles(times: list[float]) -> str:
    middle, high = np.percentile(times, (50, 99))
    return f"p50 {middle:.1f} ms, p99 {high:.1f} ms of {len(times)}"
