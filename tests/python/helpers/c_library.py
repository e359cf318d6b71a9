"""Provides libpywakeword to the tests: the one that is named, or this source tree's."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from pywakeword.capi import library as capi_library

ROOT = Path(__file__).parents[3]
BUILD = ROOT / "build" / "tests"  # tools/run_tests has built it there already


@lru_cache(maxsize=1)
def library_path() -> Path:
    pytest.importorskip("cffi", reason="the capi extra is not installed")
    named = os.environ.get("PYWAKEWORD_LIBRARY")
    if named:
        return Path(named)
    if "CIBUILDWHEEL" in os.environ:
        pytest.skip("wheels hold no C library, and PYWAKEWORD_LIBRARY names none")
    if not shutil.which("cmake") or not shutil.which("ninja"):
        pytest.skip("PYWAKEWORD_LIBRARY names no library, and there is no cmake to build one")
    if not (BUILD / "CMakeCache.txt").exists():
        _run("cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja")
    _run("cmake", "--build", BUILD, "--target", "pywakeword", "--parallel", "2")
    return BUILD / capi_library._file_name()


def _run(*command: object) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
