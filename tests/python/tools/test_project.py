"""pyproject.toml and the source tree agree."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_every_package_is_installed() -> None:
    folders = {file.parent.relative_to(ROOT) for file in (ROOT / "pywakeword").rglob("__init__.py")}
    found = {".".join(folder.parts) for folder in folders}
    listed = re.search(r"^\[tool\.setuptools\]\npackages = \[\n(.*?)^\]", PYPROJECT, re.M | re.S)
    assert listed is not None
    names = re.findall(r'"(.+)"', listed[1])
    assert names == sorted(names)
    assert set(names) == found | {"pywakeword.bundled"}


def test_every_folder_of_python_says_what_it_is_for() -> None:
    for folder in ("pywakeword", "tools"):
        for file in (ROOT / folder).rglob("*.py"):
            start = file.parent / "__init__.py"
            assert start.exists() or file.parent == ROOT / "tools" / "ci", file.parent
            if start.exists():
                assert start.read_text(encoding="utf-8").startswith('"""'), start
