"""`pywakeword recognisers`: what can transcribe on this machine."""

from __future__ import annotations

import argparse
import json
import sys

from pywakeword.commands._options import SubParsers
from pywakeword.endpointing.recognisers.whisper.files import SIZES


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "recognisers",
        help="list and install the recognisers that transcribe requests",
        description="List the recognisers that --asr uses: licence, size, installed or not. They "
        "are in the user's cache folder, or where PYWAKEWORD_RECOGNISERS points.",
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--install", metavar="NAME", help="install a recogniser by pip")
    choice.add_argument("--json", action="store_true", help="the list as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the recognisers, or install one."""
    if args.install is not None:
        _install(args.install)
    elif args.json:
        print(json.dumps([_record(size) for size in SIZES], indent=2))
    else:
        print(f"{'NAME':14}{'INSTALLED':11}{'SIZE':9}{'LICENCE':9}WHAT IT IS")
        for size, files in SIZES.items():
            installed = "yes" if files.installed else "no"
            megabytes = f"{files.recipe.disk_bytes / 1e6:.0f} MB"
            what = f"{files.summary} (--asr-model {size})"
            print(f"{files.name:14}{installed:11}{megabytes:9}{files.licence:9}{what}")
    return 0


def _install(name: str) -> None:
    found = {files.name: files for files in SIZES.values()}
    if name not in found:
        raise ValueError(f"no recogniser {name!r}; the recognisers are: {', '.join(found)}")
    files = found[name]
    if files.installed:
        print(f"{name} is installed")
        return
    megabytes = files.recipe.download_bytes / 1e6
    print(f"downloading {name}, {megabytes:.0f} MB ({files.licence})", file=sys.stderr)
    folder = files.install(lambda step: print(step, file=sys.stderr))
    print(f"{name} is installed in {folder}")


def _record(size: str) -> dict[str, object]:
    files = SIZES[size]
    return {
        "name": files.name,
        "model": size,
        "summary": files.summary,
        "licence": files.licence,
        "bytes": files.recipe.disk_bytes,
        "installed": files.installed,
    }
