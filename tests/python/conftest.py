from __future__ import annotations

import sys
from pathlib import Path

import pytest

# At the end, so that an installed package goes before the source tree: `tools` is wanted here.
sys.path.append(str(Path(__file__).parents[2]))

import tiny_model


@pytest.fixture(scope="session")
def _beep_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write_model(tmp_path_factory.mktemp("models"), ("beep",))


@pytest.fixture
def beep_model(_beep_file: Path, tmp_path: Path) -> Path:
    """A model that hears "beep", free to be spoiled by the test."""
    directory = tmp_path / "models"
    directory.mkdir()
    for suffix in (".tflite", ".json"):
        source = _beep_file.with_suffix(suffix)
        (directory / source.name).write_bytes(source.read_bytes())
    return directory / _beep_file.name


@pytest.fixture
def boop_model(beep_model: Path) -> Path:
    """A model that hears "boop", beside that of `beep_model`."""
    return tiny_model.write_model(beep_model.parent, ("boop",))
