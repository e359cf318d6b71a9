"""Audio files as arguments: one that cannot be read does not end the run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pywakeword.audio import AudioSource, FileSource, PcmBlock, StdinSource
from pywakeword.errors import AudioError, AudioFormatError

EXIT_BAD_INPUT = 2


def report(command: str, error: Exception) -> None:
    """Print an error on one line of standard error."""
    with suppress(OSError):  # the reader of standard error has gone
        print(f"pywakeword {command}: error: {' '.join(str(error).split())}", file=sys.stderr)


class AudioFiles:
    """Opens the files of a command, and counts those that could not be read.

    Parameters
    ----------
    command : str
        Name of the command, for errors.
    names : sequence of str
        The files; "-" is standard input.
    """

    def __init__(self, command: str, names: Sequence[str] = ()) -> None:
        if names.count("-") > 1:
            raise ValueError("- is standard input, which can be read only once")
        self._command = command
        self.n_failed = 0

    @property
    def exit_code(self) -> int:
        """Exit code of the command."""
        return EXIT_BAD_INPUT if self.n_failed else 0

    def open(self, name: str) -> AudioSource:
        """Return a file's audio. An error in it is reported, and ends the audio there."""
        return _ReportedSource(self, name)

    def fail(self, error: AudioError) -> None:
        """Report an error in a file."""
        report(self._command, error)
        self.n_failed += 1


class NotEmpty:
    """The audio of a file; without a sample it ends with an `AudioFormatError`."""

    def __init__(self, source: AudioSource, name: str) -> None:
        self._source = source
        self._name = "standard input" if name == "-" else name

    def __iter__(self) -> Iterator[PcmBlock]:
        n_samples = 0
        for block in self._source:
            n_samples += len(block)
            yield block
        if not n_samples:
            raise AudioFormatError(f"{self._name}: no audio in it")


class _ReportedSource:
    def __init__(self, files: AudioFiles, name: str) -> None:
        self._files = files
        self._name = name
        self._source: AudioSource | None = None  # kept: a pipe can be read only once

    def __iter__(self) -> Iterator[PcmBlock]:
        try:
            if self._source is None:
                self._source = StdinSource() if self._name == "-" else FileSource(self._name)
            yield from NotEmpty(self._source, self._name)
        except AudioError as error:
            self._files.fail(error)
