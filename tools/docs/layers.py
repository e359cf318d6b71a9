"""Draw the layers of the package, as import-linter checks them, into a page.

    python -m tools.docs layers --out docs/make/architecture.md

Replaces what stands between the page's two marker comments: a mermaid diagram of the layers
contract in pyproject.toml, and a table with the first sentence of each module's docstring.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- layers: begin -->", "<!-- layers: end -->"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="PAGE")
    parser.add_argument("--check", action="store_true", help="exit with 1 if it would change")
    args = parser.parse_args(argv)
    page = args.out.read_text(encoding="utf-8")
    made = replaced(page, f"{diagram(layers())}\n\n{table(layers())}")
    if args.check:
        if made != page:
            print(f"{args.out} is out of date: python -m tools.docs layers", file=sys.stderr)
        return int(made != page)
    args.out.write_text(made, encoding="utf-8")
    return 0


def layers(root: Path = ROOT) -> list[list[str]]:
    """Return the modules of each layer of the layers contract, top to bottom."""
    tomllib: Any = importlib.import_module("tomllib")  # new in Python 3.11
    with (root / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (contract,) = (contract for contract in contracts if contract["type"] == "layers")
    return [re.split(r"\s*[:|]\s*", layer) for layer in contract["layers"]]


def diagram(levels: list[list[str]]) -> str:
    """Draw one box per layer in mermaid; each arrow means "may import"."""
    boxes = [
        f'layer{i}["{", ".join(_short(name) for name in modules)}"]'
        for i, modules in enumerate(levels)
    ]
    arrows = [f"{box} --> layer{i}" for i, box in enumerate(boxes[:-1], 1)]
    lines = ["```mermaid", "flowchart TD", *(f"    {line}" for line in [*arrows, boxes[-1]]), "```"]
    return "\n".join(lines)


def table(levels: list[list[str]], root: Path = ROOT) -> str:
    """List every module with the first sentence of its docstring."""
    lines = ["| module | what it is for |", "|---|---|"]
    for modules in levels:
        lines += [f"| `{_short(name)}` | {reason(name, root)} |" for name in modules]
    return "\n".join(lines)


def reason(module: str, root: Path = ROOT) -> str:
    """Return the first sentence of a module's docstring.

    Raises
    ------
    ValueError
        If the module has no docstring.
    """
    path = root.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    if not text:
        raise ValueError(f"{source} has no docstring")
    return " ".join(text.split("\n\n")[0].split())


def replaced(page: str, made: str) -> str:
    """Put `made` between the markers of a page.

    Raises
    ------
    ValueError
        If the page does not have each marker once, in order.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"the page needs one {BEGIN} and one {END} after it")
    return page[: page.index(BEGIN)] + f"{BEGIN}\n{made}\n" + page[page.index(END) :]


def _short(module: str) -> str:
    return module.partition(".")[2]
