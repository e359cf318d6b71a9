"""The commands in the docs that need voices, networks or a language model: `pytest tests/voices`.

Needs the extras `hibari`, `kokoro`, `look` and `llm`, what the pages install, and GEMMA, the path
of the language model. What needs a device, a service or a registry is only parsed, in tests/python.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs" / "use"
PAGES = ("speaking.md", "answering.md", "look.md")
NOT_RUN = re.compile(r"^<!-- no-run -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Return the commands that write a file or install something."""
    found = []
    for page in PAGES:
        for block in NOT_RUN.finditer((DOCS / page).read_text(encoding="utf-8")):
            lines = block[1].splitlines()
            parts = [part.strip() for line in lines for part in line.split("&&")]
            found += [part for part in parts if part.startswith("pywakeword")]
    return [part for part in found if "--out" in part or "--install" in part]


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_docs(command: str, tmp_path: Path) -> None:
    if "gemma.gguf" in command:
        (tmp_path / "gemma.gguf").symlink_to(os.environ["GEMMA"])
    words = shlex.split(command, comments=True)
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    if "--out" in words:
        assert (tmp_path / words[words.index("--out") + 1]).stat().st_size > 20_000


def test_all_of_them_are_there() -> None:
    assert len(commands()) >= 6
