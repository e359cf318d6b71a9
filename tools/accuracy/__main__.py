"""Lists and runs the verbs of this kit."""

from __future__ import annotations

import sys

from tools.kit import run

sys.exit(run("accuracy", ["evaluate", "held-out", "metadata", "boundaries", "rules", "states"]))
