"""Check that clang-cl knows every flag it would be given, and takes the decisive ones as meant.

python -m tools.ci.clang_cl_flags build/cross/msvc/compile_commands.json
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

# What the compiler proper must have been told, by the end of the file's name.
_EVERYWHERE = ("-ffp-contract=off", "-Wconversion", "--dependent-lib=libcmt")
_MEANT = {
    "kernels/avx2.cc": (*_EVERYWHERE, "+avx2", "-O3"),
    "kernels/avx512vnni.cc": (*_EVERYWHERE, "+avx512vnni", "+avx512bw", "+avx512vl", "-O3"),
    "kernels/scalar.cc": (*_EVERYWHERE, "-O3"),
    "nn/plan.cc": (*_EVERYWHERE, "-Os"),
    "capi/model.cc": (*_EVERYWHERE, "-O3"),
}
_NOT_MEANT = ("-Weverything", "-ffast-math")


def faults(entry: dict[str, str]) -> list[str]:
    """Return what is wrong with one entry of compile_commands.json."""
    command = shlex.split(entry["command"])
    # -### prints the command of the compiler proper and runs nothing.
    done = subprocess.run(
        [command[0], "-###", *command[1:]],
        cwd=entry["directory"],
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stderr.splitlines()
    found = [line for line in said if "warning:" in line or "error:" in line]
    if done.returncode:
        found.append(f"exit code {done.returncode}")
    told = shlex.split(said[-1]) if said else []
    for end, flags in _MEANT.items():
        if entry["file"].endswith(end):
            found += [f"{flag} is missing" for flag in flags if flag not in told]
    return found + [f"{flag} is there" for flag in _NOT_MEANT if flag in told]


def main(argv: Sequence[str] | None = None) -> int:
    """Print what is wrong, or how many commands are right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", type=Path, help="compile_commands.json")
    args = parser.parse_args(argv)
    entries = json.loads(args.commands.read_text(encoding="utf-8"))
    missing = [end for end in _MEANT if not any(e["file"].endswith(end) for e in entries)]
    wrong = [f"{end} is not compiled" for end in missing]
    for entry in entries:
        wrong += [f"{entry['file']}: {fault}" for fault in faults(entry)]
    for line in wrong:
        print(line)
    if not wrong:
        print(f"ok   clang-cl knows every flag of {len(entries)} commands")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
