from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "python"))  # for `helpers`
# At the end, so that the installed package comes before the source tree: this is for `tools`.
sys.path.append(str(HERE.parent))

from helpers import tiny_model  # noqa: E402
from helpers.voices import require_engine  # noqa: E402


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("voices"):
        for engine in mark.args:
            require_engine(engine)


@pytest.fixture(scope="session")
def _beep_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.write_model(tmp_path_factory.mktemp("models"), ("beep",))


@pytest.fixture
def beep_model(_beep_file: Path, tmp_path: Path) -> Path:
    """A model of the word "beep", in a folder of the test's own."""
    directory = tmp_path / "models"
    directory.mkdir()
    for suffix in (".tflite", ".json"):
        source = _beep_file.with_suffix(suffix)
        (directory / source.name).write_bytes(source.read_bytes())
    return directory / _beep_file.name


@pytest.fixture
def boop_model(beep_model: Path) -> Path:
    """A model of the word "boop", beside that of `beep_model`."""
    return tiny_model.write_model(beep_model.parent, ("boop",))
