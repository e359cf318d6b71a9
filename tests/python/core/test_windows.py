"""What differs on Windows, as far as other systems can test it; see tools/ci/windows_check."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from helpers.setup_script import load_setup

import pywakeword
from pywakeword._wyoming import check_uri
from pywakeword.capi import library as capi_library
from pywakeword.commands import wyoming

pytestmark = pytest.mark.portable

PACKAGE = Path(pywakeword.__file__).parent
POSIX_ONLY = {
    "crypt",
    "curses",
    "fcntl",
    "grp",
    "nis",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "spwd",
    "syslog",
    "termios",
    "tty",
}


@pytest.fixture
def setup() -> ModuleType:
    return load_setup()


def imported(source: str) -> Iterator[str]:
    """Yield the modules that are imported wherever the code stands, guarded or not."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_package_imports_nothing_that_windows_lacks() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    assert len(sources) > 50
    found = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path, source in sources.items()
        for name in POSIX_ONLY.intersection(imported(source))
    }
    assert not found


def test_the_search_for_imports_finds_them() -> None:
    source = "import os, fcntl\ndef f():\n    from resource import getrusage\n"
    assert set(imported(source)) == {"os", "fcntl", "resource"}


@pytest.mark.parametrize(
    ("platform", "directory", "name"),
    [
        ("win32", "bin", "pywakeword.dll"),
        ("darwin", "lib", "libpywakeword.1.dylib"),
        ("linux", "lib", "libpywakeword.so.1"),
    ],
)
def test_library_is_looked_for_by_its_name(
    platform: str, directory: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.delenv(capi_library.ENVIRONMENT_VARIABLE, raising=False)
    beside, installed, bare = capi_library._candidates(None)
    assert Path(beside) == PACKAGE / name
    assert Path(installed) == Path(sys.prefix) / directory / name
    assert bare == name


def test_unix_sockets_are_refused_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX", raising=False)
    with pytest.raises(ValueError, match="no unix:// sockets: 'unix:///tmp/x'"):
        check_uri("unix:///tmp/x")
    check_uri("tcp://127.0.0.1:1")


def test_a_signal_ends_a_service_without_the_loops_handlers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def wait() -> None:
        loop = asyncio.get_running_loop()

        def refuse(*_: object) -> None:
            raise NotImplementedError

        monkeypatch.setattr(loop, "add_signal_handler", refuse, raising=False)
        stopped = asyncio.Event()
        wyoming._on_signal(signal.SIGINT, stopped.set)
        loop.call_later(0.01, signal.raise_signal, signal.SIGINT)
        await asyncio.wait_for(stopped.wait(), 30)

    before = signal.getsignal(signal.SIGINT)
    try:
        asyncio.run(wait())
    finally:
        signal.signal(signal.SIGINT, before)


def test_setup_takes_clang_cl_on_windows_unless_another_is_chosen(setup: ModuleType) -> None:
    clang_cl = ["-DCMAKE_CXX_COMPILER=clang-cl"]
    arguments = setup.compiler_arguments
    assert arguments("win32", {}) == clang_cl
    assert arguments("win32", {"CMAKE_ARGS": "-DPWW_WERROR=ON", "CXX": ""}) == clang_cl
    assert arguments("win32", {"CMAKE_ARGS": "-DCMAKE_CXX_COMPILER=g++"}) == []
    assert arguments("win32", {"CXX": "g++"}) == []
    assert arguments("linux", dict(os.environ)) == []
