"""Draws the states: `python -m pywakeword.session.diagram PAGE` updates the diagram in a page."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pywakeword.session.machine import TRANSITIONS, State, Trigger

_BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def mermaid() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.WAITING.value}"]
    for row in TRANSITIONS:
        if row.trigger is Trigger.END_OF_AUDIO:
            continue  # from every state; the page says so
        actions = ", ".join(action.value for action in row.actions)
        label = row.trigger.value + (f" / {actions}" if actions else "")
        lines.append(f"    {row.state.value} --> {row.target.value}: {label}")
    return "\n".join(lines) + "\n"


def renew(page: str) -> str:
    """Return the page with its Mermaid block replaced; `ValueError` without such a block."""
    if not _BLOCK.search(page):
        raise ValueError("the page has no block fenced as mermaid")
    return _BLOCK.sub(lambda _: f"```mermaid\n{mermaid()}```", page)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(renew(path.read_text(encoding="utf-8")), encoding="utf-8")
