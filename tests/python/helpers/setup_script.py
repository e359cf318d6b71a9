"""Gives tests the setup.py of this source tree."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SETUP = Path(__file__).parents[3] / "setup.py"


def load_setup() -> ModuleType:
    """Import setup.py without running it."""
    if not SETUP.exists():
        pytest.skip("setup.py is not beside the tests")
    pytest.importorskip("setuptools", reason="not every test environment has setuptools")
    spec = importlib.util.spec_from_file_location("pywakeword_setup", SETUP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
