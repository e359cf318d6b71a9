"""Runs the examples of the README and the docs.

Blocks fenced as `python` run in order, in one namespace a page, from the repository's
root. A block that cannot run everywhere is fenced as `python no-run` and only compiled.
On the pages of `RUN_COMMANDS`, blocks fenced as `sh` run as well, in an empty directory with
the repository's tests in it; of those fenced as `sh no-run`, each pywakeword command must be
one that the command line takes. Services stand behind the addresses of `SERVICES`.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import child_process, speech_servers

from pywakeword.cli import make_parser

ROOT = Path(__file__).parents[3]
PAGES = [
    page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if page.exists()
]
RUN_COMMANDS = ("use/home_assistant.md", "use/session.md", "use/speaking.md")
BLOCK = re.compile(r"^```(python|sh)( no-run)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVICES = {
    "127.0.0.1:10200": lambda: speech_servers.WyomingService(streams=True),
    "127.0.0.1:10300": speech_servers.SpeechToTextService,
    "127.0.0.1:8000": speech_servers.OpenAIService,
    "127.0.0.1:5000": speech_servers.PiperService,
}


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    """Documented addresses, and where the services really are: any port may be taken."""
    found: dict[str, str] = {}
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        services = {documented: make() for documented, make in SERVICES.items()}
        for documented, service in services.items():
            await service.__aenter__()
            found[documented] = f"127.0.0.1:{service.port}"
        ready.set()
        await over.wait()
        for service in services.values():
            await service.__aexit__()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    yield found
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A directory for commands to run in; `pywakeword` in it is the one under test."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    command = tmp_path / "bin" / "pywakeword"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pywakeword "$@"\n')
    command.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_run(
    page: Path, monkeypatch: pytest.MonkeyPatch, addresses: dict[str, str]
) -> None:
    monkeypatch.chdir(ROOT)
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, object] = {"__name__": "example"}
    for block in BLOCK.finditer(text):
        if block[1] == "python":
            line = text.count("\n", 0, block.start(3))
            code = compile("\n" * line + relocated(block[3], addresses), str(page), "exec")
            if not block[2]:
                exec(code, namespace)


@pytest.mark.parametrize("name", RUN_COMMANDS)
def test_commands_run(name: str, shell: Path, addresses: dict[str, str]) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if block[1] == "sh" and block[2]:
            for line in block[3].splitlines():
                assert line.startswith("pywakeword ")
                make_parser().parse_args(shlex.split(line)[1:])
        elif block[1] == "sh":
            script = f'PATH="{shell}/bin:$PATH"; cd "{shell}"; {relocated(block[3], addresses)}'
            done = child_process.run("bash", "-euo", "pipefail", "-c", script, text=True)
            assert done.returncode == 0, (block[3], done.stdout, done.stderr)
            for written in re.findall(r"--out (\S+\.wav)", block[3]):
                assert (shell / written).stat().st_size > 4000, written


def relocated(code: str, addresses: dict[str, str]) -> str:
    for documented, real in addresses.items():
        code = code.replace(documented, real)
    return code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
