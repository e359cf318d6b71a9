"""Print a version's section of the changelog: the text of its GitHub release.

    python -m tools.docs changelog v0.1.0

Exits with 1 if the section is missing or empty, or still says "unreleased".
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the section."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("version", help="with or without the v of a tag")
    parser.add_argument("--file", type=Path, default=ROOT / "CHANGELOG.md")
    args = parser.parse_args(argv)
    try:
        print(section(args.file.read_text(encoding="utf-8"), args.version.removeprefix("v")))
    except ValueError as error:
        print(f"error: {args.file}: {error}", file=sys.stderr)
        return 1
    return 0


def section(changelog: str, version: str) -> str:
    """Return what stands under `## VERSION`, up to the next version.

    Raises
    ------
    ValueError
        If the version has no section, nothing in it, or is marked as unreleased.
    """
    # Heading, text, heading, text, ...
    parts = re.split(r"^## (.+)\n", changelog, flags=re.MULTILINE)[1:]
    for heading, text in zip(parts[::2], parts[1::2]):
        if heading.split()[0] == version:
            if "unreleased" in heading:
                raise ValueError(f"{version} is still marked as unreleased")
            if not text.strip():
                raise ValueError(f"{version} has an empty section")
            return text.strip()
    raise ValueError(f"no section for {version}")
