"""Lists and runs the verbs of this kit."""

from __future__ import annotations

import sys

from tools.kit import run

VERBS = [
    "train",
    "train-transcripts",
    "evaluate",
    "study",
    "long-stream",
    "transcribe",
    "one-breath",
    "rerank",
    "throughput",
    "missing-role",
]

sys.exit(run("endpointing", VERBS))
