"""The console script `pywakeword`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from pywakeword._core import __version__
from pywakeword.commands import (
    bench,
    detect,
    endpoint,
    evaluate,
    info,
    listen,
    run,
    say,
    verifier,
    voices,
    wyoming,
)
from pywakeword.errors import PyWakewordError

EXIT_BAD_INPUT = 2
_EXIT_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Reports a usage error in one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: error: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 for bad input."""
    parser = make_parser()
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return 0
    try:
        exit_code: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has exited. Python would report it once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except (PyWakewordError, OSError, ValueError) as error:
        message = " ".join(str(error).split())
        print(f"pywakeword {args.command}: error: {message}", file=sys.stderr)
        return EXIT_BAD_INPUT
    return exit_code


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(
        prog="pywakeword",
        description="On-device wake words and endpointing.",
        epilog="'pywakeword COMMAND --help' shows the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"pywakeword {__version__}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    listening = (detect, endpoint, listen, run)
    for command in (*listening, say, voices, verifier, wyoming, evaluate, bench, info):
        command.add_parser(commands)
    return parser
