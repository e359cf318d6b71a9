"""The console script `pywakeword`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NoReturn

from pywakeword._core import __version__
from pywakeword.commands import (
    bench,
    detect,
    endpoint,
    evaluate,
    info,
    listen,
    look,
    recognisers,
    run,
    say,
    studio,
    train,
    verifier,
    voices,
    wyoming,
)
from pywakeword.commands._files import EXIT_BAD_INPUT, report
from pywakeword.errors import PyWakewordError

_EXIT_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Reports a usage error in one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: error: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 for bad input."""
    with _standard_streams():
        parser = make_parser()
        args = parser.parse_args(argv)
        try:
            exit_code = _run(parser, args)
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()  # the reader, such as `head`, has exited
            return 0
        except KeyboardInterrupt:
            return _EXIT_INTERRUPTED
        except (PyWakewordError, OSError, ValueError) as error:
            report(args.command, error)
            _discard_output()
            return EXIT_BAD_INPUT
        return exit_code


def _run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    if args.command is None:
        parser.print_help()
        return 0
    exit_code: int = args.run(args)
    return exit_code


@contextmanager
def _standard_streams() -> Iterator[None]:
    """Replace closed output, and write what the console's encoding lacks as escapes."""
    with ExitStack() as stack:
        for name, redirect in (("stdout", redirect_stdout), ("stderr", redirect_stderr)):
            stream = getattr(sys, name)
            if stream is None or stream.closed:
                devnull = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
                stack.enter_context(redirect(devnull))
            elif hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        yield


def _discard_output() -> None:
    """Drop what cannot be written; Python would report it once more on exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(
        prog="pywakeword",
        description="On-device wake words and endpointing.",
        epilog="'pywakeword COMMAND --help' shows the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"pywakeword {__version__}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    listening = (detect, endpoint, listen, look, run)
    speaking = (say, voices, recognisers)
    for command in (*listening, studio, train, *speaking, verifier, wyoming, evaluate, bench, info):
        command.add_parser(commands)
    return parser
