"""The command line of a kit: `python -m tools.<kit> <verb>`, one module per verb."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).parent


def run(kit: str, verbs: Sequence[str], argv: Sequence[str] | None = None) -> int:
    """Run one verb of a kit, or list the verbs.

    A verb is the module `tools/<kit>/<verb>.py` with a function `main(argv)`. It is imported
    only when it runs, so that the list needs none of its dependencies.

    Returns
    -------
    int
        Exit code: that of the verb, 0 after `--help`, 2 for a missing or unknown verb.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    verb = arguments.pop(0) if arguments else ""
    if verb in verbs:
        sys.argv[0] = f"python -m tools.{kit} {verb}"  # what argparse shows as the program
        module = importlib.import_module(f"tools.{kit}.{verb.replace('-', '_')}")
        code: int = module.main(arguments)
        return code
    if verb not in ("", "-h", "--help"):
        print(f"tools.{kit}: no verb {verb!r}", file=sys.stderr)
    asked = verb in ("-h", "--help")
    lines = [f"usage: python -m tools.{kit} VERB ...", "", *(_line(kit, name) for name in verbs)]
    print("\n".join(lines), file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


def _line(kit: str, verb: str) -> str:
    source = (_HERE / kit / f"{verb.replace('-', '_')}.py").read_text(encoding="utf-8")
    about = ast.get_docstring(ast.parse(source)) or ""
    return f"  {verb:<14} {about.splitlines()[0]}"
