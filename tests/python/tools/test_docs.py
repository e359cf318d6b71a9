"""Runs the examples of the README and the docs, and checks their links, prose and index.

Blocks fenced as `python` run in order, in one namespace per page, from the repository's
root. A block below the line `<!-- no-run -->` is only compiled. On the pages of
`RUN_COMMANDS`, blocks fenced as `sh` run as well, in an empty directory with the
repository's tests in it. On every page, the options of each pywakeword command must exist.
Fake services answer at the addresses of `SERVICES`.
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
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
OTHERS = {*ROOT.glob("*.md"), *(ROOT / folder / "README.md" for folder in ("tests", "models"))}
PROSE = [*PAGES, *sorted(OTHERS.difference(PAGES))]
RUN_COMMANDS = ("use/home_assistant.md", "use/session.md", "use/speaking.md")
BLOCK = re.compile(r"^(<!-- no-run -->\n)?```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINE_LENGTH = 120
SERVICES = {
    "127.0.0.1:10200": lambda: speech_servers.WyomingService(streams=True),
    "127.0.0.1:10300": speech_servers.SpeechToTextService,
    "127.0.0.1:8000": speech_servers.OpenAIService,
    "127.0.0.1:5000": speech_servers.PiperService,
}
# Phrases that nobody would say to a colleague: a network computes, it does not hear.
DIALECT = re.compile(
    r"\b(?:(?:is|are|be|was) told|untold|everybody|hears|heard|says? of|speaks? of|is none|so long"
    r"|[Ww]hoever|what it is asked|(?<!one )[Oo]f several|accepts? an hour|(?:one|object) a line"
    r"|a sentence is said|knows the end)\b"
)


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


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


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_examples_run(
    page: Path, monkeypatch: pytest.MonkeyPatch, addresses: dict[str, str]
) -> None:
    monkeypatch.chdir(ROOT)
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, object] = {"__name__": "example"}
    for block in BLOCK.finditer(text):
        if block[2] == "python":
            line = text.count("\n", 0, block.start(3))
            code = compile("\n" * line + relocated(block[3], addresses), str(page), "exec")
            if not block[1]:
                exec(code, namespace)


@pytest.mark.parametrize("name", RUN_COMMANDS)
def test_commands_run(name: str, shell: Path, addresses: dict[str, str]) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if block[2] == "sh" and not block[1]:
            script = f'PATH="{shell}/bin:$PATH"; cd "{shell}"; {relocated(block[3], addresses)}'
            done = child_process.run("bash", "-euo", "pipefail", "-c", script, text=True)
            assert done.returncode == 0, (block[3], done.stdout, done.stderr)
            for written in re.findall(r"--out (\S+\.wav)", block[3]):
                assert (shell / written).stat().st_size > 4000, written


def relocated(code: str, addresses: dict[str, str]) -> str:
    for documented, real in addresses.items():
        code = code.replace(documented, real)
    return code


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_are_accepted_by_the_command_line(page: Path) -> None:
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        script = block[3].replace("\\\n", " ") if block[2] == "sh" else ""
        for line in script.splitlines():
            for command in re.split(r"&&|\|", line):
                words = shlex.split(command, comments=True)
                if words and words[0].rpartition("/")[2] == "pywakeword":
                    make_parser().parse_args(words[1:])


def test_every_sub_command_is_on_the_command_line_page() -> None:
    usage = make_parser().format_help()
    commands = re.findall(r"^    ([a-z]\w*)(?: |$)", usage, re.MULTILINE)
    assert len(commands) >= 10
    page = (DOCS / "use" / "command_line.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| \[`(\w+)`\]", page, re.MULTILINE)
    assert sorted(table) == sorted(commands)


@pytest.mark.parametrize("page", PROSE, ids=page_id)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), f"{target}#{anchor}"


def links(page: Path) -> list[tuple[str, str]]:
    """Relative links of a page: file and anchor, either of which may be empty."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)", text)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub and the documentation site make of the headings."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index_and_in_the_navigation() -> None:
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    index = {target for target, _ in links(DOCS / "README.md")}
    assert pages - {"README.md"} == index
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    assert pages == set(re.findall(r"^ +- .*: (\S+\.md)$", navigation, re.MULTILINE))


def test_the_reference_lists_packages_with_public_names() -> None:
    for page in (DOCS / "reference").glob("*.md"):
        (module,) = re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        __import__(module)
        assert sys.modules[module].__all__


def test_paths_on_the_architecture_page_exist() -> None:
    text = (DOCS / "make" / "architecture.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:csrc|pywakeword|tools|tests|models|examples)/[\w/.]*)`", text)
    assert len(paths) > 20
    for path in paths:
        assert (ROOT / path).exists(), path


def test_pages_that_the_code_names_exist() -> None:
    rooms = ("pywakeword", "tools", "csrc", "examples", "tests", "models")
    named = {
        (path, page)
        for room in rooms
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".py", ".h", ".cc", ".c", ".service", ".md")
        for page in re.findall(r"\bdocs/[\w/]+\.md", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert not [(path, page) for path, page in named if not (ROOT / page).exists()]


@pytest.mark.parametrize("page", PROSE, ids=page_id)
def test_prose_lines_are_short(page: Path) -> None:
    long = [line for _, line in prose(page) if len(line) > LINE_LENGTH]
    assert not long


@pytest.mark.parametrize("page", PROSE, ids=page_id)
def test_pages_are_in_plain_english(page: Path) -> None:
    found = [
        (number, match[0])
        for number, line in prose(page, tables=True)
        if (match := DIALECT.search(line))
    ]
    assert not found


@pytest.mark.parametrize(
    "sentence",
    [
        "Only a network that is told can reject it.",
        "everybody hears the same samples in one run",
        "Whoever comes second takes the frames.",
        "the answer stops at most so long after the detection",
        "Of several at once, the first names the state.",
        "what the network says of one keyword",
        "With --json, one object a line.",
    ],
)
def test_the_check_of_plain_english_can_fail(sentence: str) -> None:
    assert DIALECT.search(sentence)


def prose(page: Path, *, tables: bool = False) -> Iterator[tuple[int, str]]:
    """Numbered lines of a page, without code and, unless wanted, tables."""
    fenced = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and (tables or not line.startswith("|")):
            yield number, re.sub(r"`[^`]*`", "``", line) if tables else line
