"""Size, import time and memory of pywakeword beside NumPy: python -m tools.bench import-cost.

Each measurement is a process of its own; "load" also makes a `WakeWord` of one bundled
word. Times are CPU seconds of the whole process, memory its resident size at the end.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pywakeword import _core

CASES = {
    "import numpy": "import numpy",
    "import pywakeword": "import pywakeword",
    "load": "import pywakeword; pywakeword.WakeWord('alexa')",
}


def cost(code: str) -> tuple[float, float]:
    """CPU milliseconds and resident MB of a process that runs `code`."""
    # Not ru_maxrss, which begins with the size of the process that was forked.
    report = (
        "; import os, time; from pathlib import Path; "
        "pages = int(Path('/proc/self/statm').read_text().split()[1]); "
        "print(time.process_time() * 1e3, pages * os.sysconf('SC_PAGESIZE') / 1e6)"
    )
    command = [sys.executable, "-c", code + report]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    milliseconds, megabytes = map(float, printed.split())
    return milliseconds, megabytes


def stripped_bytes(path: Path) -> int:
    """Size of a shared object without its symbols."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copy(path, copy)
        subprocess.run(["strip", copy], check=True)
        return copy.stat().st_size


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args(argv).repeats
    print(f"extension, stripped: {stripped_bytes(Path(_core.__file__)) / 1e3:.0f} kB")
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    for _ in range(repeats):
        for name, code in CASES.items():
            measured[name].append(cost(code))
    numpy_ms, numpy_mb = (statistics.median(v) for v in zip(*measured["import numpy"]))
    for name, values in measured.items():
        ms, mb = (statistics.median(v) for v in zip(*values))
        print(
            f"{name:20}{ms:8.1f} ms CPU, {ms / numpy_ms:.2f} times numpy;"
            f"{mb:8.1f} MB, {mb - numpy_mb:+.1f} MB"
        )
    return 0
