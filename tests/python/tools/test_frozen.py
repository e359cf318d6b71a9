"""Started where it cannot work, and frozen by PyInstaller."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pywakeword
from pywakeword.models.bundled import bundled_dir

ROOT = Path(__file__).parents[3]
PACKAGE = Path(pywakeword.__file__).parent


def copy_of_the_sources(folder: Path) -> Path:
    """The package as it is in a checkout: without the compiled extension."""
    unbuilt = shutil.ignore_patterns("_core.*.so", "_core.*.pyd", "__pycache__")
    shutil.copytree(PACKAGE, folder / "pywakeword", ignore=unbuilt)
    return folder


@pytest.mark.parametrize("arguments", [["-m", "pywakeword"], ["-c", "import pywakeword"]])
def test_the_source_folder_is_named(tmp_path: Path, arguments: list[str]) -> None:
    folder = copy_of_the_sources(tmp_path)
    # -S: an editable install would find the extension of the checkout.
    command = [sys.executable, "-S", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    *before, last = done.stderr.splitlines()
    assert f"{folder / 'pywakeword'} has no compiled extension" in last
    assert "in another folder, or run `pip install -e .`" in last
    if arguments[0] == "-m":
        assert before == [], "one line is enough"


def test_another_missing_module_is_not_hidden(tmp_path: Path) -> None:
    folder = copy_of_the_sources(tmp_path)
    (folder / "pywakeword" / "_core.py").write_text("import no_such_module\n")
    command = [sys.executable, "-S", "-c", "import pywakeword"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "No module named 'no_such_module'" in done.stderr


def test_pyinstaller_finds_the_hook() -> None:
    # The metadata of an editable install may be older than pyproject.toml.
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    entry = re.search(
        r'^\[project.entry-points.pyinstaller40\]\nhook-dirs = "(.+):(.+)"$', text, re.M
    )
    assert entry is not None
    (folder,) = getattr(importlib.import_module(entry[1]), entry[2])()
    assert Path(folder, "hook-pywakeword.py").is_file()


@pytest.mark.skipif(
    importlib.util.find_spec("PyInstaller") is None, reason="PyInstaller is not installed"
)
def test_a_frozen_program_detects(tmp_path: Path) -> None:
    # As installed: PyInstaller does not run the import hooks of an editable install.
    site = tmp_path / "site"
    shutil.copytree(PACKAGE, site / "pywakeword")
    shutil.copytree(bundled_dir(), site / "pywakeword" / "bundled", dirs_exist_ok=True)
    (tmp_path / "app.py").write_text(
        "import sys\n"
        "from pywakeword import FileSource, WakeWord\n"
        "spotter = WakeWord('computer')\n"
        "print([d.keyword for block in FileSource(sys.argv[1]) for d in spotter.process(block)])\n"
    )
    hooks = f"--additional-hooks-dir={site / 'pywakeword' / '_pyinstaller'}"
    excluded = [f"--exclude-module={name}" for name in ("torch", "onnxruntime", "matplotlib")]
    command = [sys.executable, "-m", "PyInstaller", "--log-level", "ERROR", hooks, *excluded]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    subprocess.run([*command, "app.py"], cwd=tmp_path, check=True, env=environment)
    done = subprocess.run(
        [tmp_path / "dist/app/app", ROOT / "tests/golden/computer.wav"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "['computer']\n"), done.stderr
