"""An install without a C++ compiler ends in one line that names the package to install."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from helpers.child_process import run
from helpers.setup_script import SETUP, load_setup

NO_COMPILER = (
    "pywakeword: no C++ compiler was found; install g++ (Debian, Ubuntu: sudo apt install g++)"
)


@pytest.fixture
def setup() -> ModuleType:
    return load_setup()


def program(folder: Path, name: str) -> None:
    path = folder / (f"{name}.exe" if sys.platform == "win32" else name)
    path.write_bytes(b"")
    path.chmod(0o755)


def test_one_line_names_the_package(setup: ModuleType, tmp_path: Path) -> None:
    missing = setup.missing_compiler
    assert missing("linux", {"PATH": str(tmp_path)}) == NO_COMPILER
    assert "xcode-select --install" in missing("darwin", {"PATH": str(tmp_path)})
    assert "LLVM" in missing("win32", {"PATH": str(tmp_path)})
    assert missing("linux", {"PATH": str(tmp_path), "CXX": "g++-99 -m32"}) == (
        "pywakeword: CXX names g++-99, which was not found"
    )


@pytest.mark.parametrize("name", ["c++", "g++", "clang++"])
def test_a_compiler_on_the_path_is_found(setup: ModuleType, tmp_path: Path, name: str) -> None:
    program(tmp_path, name)
    assert setup.missing_compiler("linux", {"PATH": str(tmp_path)}) is None


def test_a_choice_is_left_to_cmake(setup: ModuleType, tmp_path: Path) -> None:
    nowhere = str(tmp_path)
    for choice in (
        {"CMAKE_ARGS": "-DCMAKE_CXX_COMPILER=/opt/gcc/bin/g++"},
        {"CMAKE_ARGS": "-DCMAKE_TOOLCHAIN_FILE=arm.cmake"},
        {"CMAKE_TOOLCHAIN_FILE": "arm.cmake"},
    ):
        assert setup.missing_compiler("linux", {"PATH": nowhere, **choice}) is None
    program(tmp_path, "g++-99")
    assert setup.missing_compiler("linux", {"PATH": nowhere, "CXX": "g++-99 -m32"}) is None


@pytest.mark.usefixtures("setup")
@pytest.mark.skipif(sys.platform != "linux", reason="names the package of Debian")
@pytest.mark.parametrize("command", ["bdist_wheel", "editable_wheel", "build_ext"])
def test_a_build_ends_before_it_begins(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CXX", "CMAKE_ARGS", "CMAKE_TOOLCHAIN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run(sys.executable, os.fspath(SETUP), command, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == NO_COMPILER + "\n"
