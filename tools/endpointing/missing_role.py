"""How often the missing role of a command that was cut off is named right.

    python -m tools.endpointing missing-role [--model GGUF] [--fillings 2] [--count N] [--show]

Commands are filled from lists and cut after each word that leaves a role open. The frame table
(`FrameRepair`), and with --model a language model (`LanguageRepair`, extra llm), name the role. A
name counts if the command lacks that role. Counted apart are commands that are cut inside a role
("remind me to charge"), and those for which the table has no frame. Times are CPU seconds of one
thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pywakeword.endpointing import ROLE_PROMPT, FrameRepair, LanguageRepair, LlamaScorer
from pywakeword.endpointing.truncation import RepairHook
from tools.endpointing.data.roles import KINDS, CutCommand, cut_commands

_NO_AUDIO = np.zeros(0, np.int16)
# Names of the frame table that mean the same.
_SAME = {"change": "value", "for": "time"}


def main(argv: Sequence[str] | None = None) -> int:
    """Name the roles, and print a row for each hook."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, metavar="GGUF", help="a language model")
    parser.add_argument("--fillings", type=int, default=2, help="of each command (default: 2)")
    parser.add_argument("--count", type=int, help="draw so many of the cuts (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print each wrong answer")
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    cuts = list(dict.fromkeys(cut_commands(args.fillings, rng)))
    if args.count is not None:
        cuts = [cuts[i] for i in sorted(rng.permutation(len(cuts))[: args.count])]
    hooks: dict[str, RepairHook] = {"frame table": FrameRepair()}
    if args.model is not None:
        hooks["language model"] = LanguageRepair(LlamaScorer(args.model, prompt=ROLE_PROMPT))
    print(f"| names the role | {' | '.join(KINDS)} | CPU time each |")
    print("|---|---|---|---|---|")
    for name, hook in hooks.items():
        print(_row(name, hook, cuts, args.show))
    return 0


def _row(name: str, hook: RepairHook, cuts: Sequence[CutCommand], show: bool) -> str:
    began_s = time.process_time()
    right: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for command in cuts:
        role = hook(command.text, _NO_AUDIO, 0.0).missing_role
        good = role is not None and _SAME.get(role, role) in command.missing
        right[command.kind].append(good)
        if show and not good:
            print(f"{name}: {command.text!r} lacks {sorted(command.missing)}, not {role}")
    cpu_ms = 1000 * (time.process_time() - began_s) / len(cuts)
    cells = [f"{100 * np.mean(found):.0f} % of {len(found)}" for found in right.values()]
    return f"| {name} | {' | '.join(cells)} | {cpu_ms:.1f} ms |"
