"""Commands that must fail."""

from __future__ import annotations

import pytest

from pywakeword.cli import main


def error_line(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """Run a command that must fail, and return its only line on standard error."""
    code: object
    try:
        code = main([str(argument) for argument in argv])
    except SystemExit as stopped:  # argparse exits by itself
        code = stopped.code
    output = capsys.readouterr()
    assert code == 2
    assert output.err.endswith("\n")
    assert output.err.count("\n") == 1
    return output.err.rstrip()
