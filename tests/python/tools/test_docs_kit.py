"""Parts of the documentation that are made from the code: the layers, a version's changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docs import changelog, layers

ROOT = Path(__file__).parents[3]
PAGE = "top\n<!-- layers: begin -->\nold\n<!-- layers: end -->\nbottom\n"
CHANGES = """# Changelog

## 0.2.0 (unreleased)

- Not yet.

## 0.1.1

## 0.1.0 (2026-01-02)

- First.
- Second.
"""


def test_the_committed_page_shows_the_contract() -> None:
    pytest.importorskip("tomllib", reason="reading pyproject.toml needs Python 3.11")
    page = ROOT / "docs" / "make" / "architecture.md"
    assert layers.main(["--out", str(page), "--check"]) == 0


def test_layers_of_the_contract(tmp_path: Path) -> None:
    pytest.importorskip("tomllib", reason="reading pyproject.toml needs Python 3.11")
    (tmp_path / "pyproject.toml").write_text(
        '[[tool.importlinter.contracts]]\ntype = "forbidden"\n'
        '[[tool.importlinter.contracts]]\ntype = "layers"\nlayers = ["a.top", "a.x : a.y | a.z"]\n'
    )
    assert layers.layers(tmp_path) == [["a.top"], ["a.x", "a.y", "a.z"]]


def test_diagram_and_table(tmp_path: Path) -> None:
    package = tmp_path / "a"
    (package / "x").mkdir(parents=True)
    (package / "top.py").write_text('"""The top,\non two lines.\n\nMore."""\n')
    (package / "x" / "__init__.py").write_text('"""A package."""\n')
    levels = [["a.top"], ["a.x"]]
    assert layers.diagram(levels).splitlines() == [
        "```mermaid",
        "flowchart TD",
        '    layer0["top"] --> layer1',
        '    layer1["x"]',
        "```",
    ]
    assert layers.table(levels, tmp_path).splitlines()[2:] == [
        "| `top` | The top, on two lines. |",
        "| `x` | A package. |",
    ]
    (package / "top.py").write_text("")
    with pytest.raises(ValueError, match="no docstring"):
        layers.reason("a.top", tmp_path)


def test_only_what_is_between_the_markers_is_replaced() -> None:
    made = layers.replaced(PAGE, "new")
    assert made == PAGE.replace("old", "new")
    assert layers.replaced(made, "new") == made
    for page in ("", PAGE + PAGE, layers.END + layers.BEGIN):
        with pytest.raises(ValueError, match="layers: begin"):
            layers.replaced(page, "new")


def test_a_page_that_is_out_of_date_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tomllib", reason="reading pyproject.toml needs Python 3.11")
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert layers.main(["--out", str(page), "--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert page.read_text() == PAGE
    assert layers.main(["--out", str(page)]) == 0
    assert layers.main(["--out", str(page), "--check"]) == 0
    assert "| `wakeword` | " in page.read_text()


def test_a_version_has_its_section(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "CHANGELOG.md"
    file.write_text(CHANGES)
    assert changelog.main(["v0.1.0", "--file", str(file)]) == 0
    assert capsys.readouterr().out == "- First.\n- Second.\n"


@pytest.mark.parametrize(
    ("version", "message"),
    [("0.2.0", "unreleased"), ("0.1.1", "empty"), ("0.1", "no section"), ("9.9.9", "no section")],
)
def test_a_version_without_changes_is_no_release(
    version: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "CHANGELOG.md"
    file.write_text(CHANGES)
    assert changelog.main([version, "--file", str(file)]) == 1
    assert message in capsys.readouterr().err


def test_the_version_of_the_package_has_a_section() -> None:
    version = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split('\nversion = "')[1]
    headings = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1:]
    assert version.split('"')[0] in [heading.split()[0] for heading in headings]
