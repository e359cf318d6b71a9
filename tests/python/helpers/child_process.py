"""Runs the package under test in a child process, as a user would.

The child runs outside the repository. Otherwise Python would import the source tree in the
current directory instead of the installed package.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pywakeword

PYWAKEWORD = (sys.executable, "-m", "pywakeword")
_PACKAGE_PARENT = str(Path(pywakeword.__file__).parents[1])


def start(*command: object, **options: Any) -> subprocess.Popen:
    return subprocess.Popen([str(word) for word in command], **_surroundings({}), **options)


def run(
    *command: object, variables: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess:
    """Run to the end; `variables` are added to the environment."""
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        **_surroundings(variables or {}),
        **options,
    )


def _surroundings(variables: dict[str, str]) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": _PACKAGE_PARENT, **variables}
    return {"cwd": tempfile.gettempdir(), "env": environment}
