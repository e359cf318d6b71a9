"""Runs `pywakeword train` as a process of its own: progress, log, cancel, resume."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pywakeword.errors import PyWakewordError
from pywakeword.studio.catalogue import StudioError

_LOG_LINES = 500
_LONGEST_LINE = 400
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")
_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_KILL_AFTER_S = 10.0

# Makes the command from the word, the folders of takes and negatives (or None), and the output.
MakeCommand = Callable[[str, "Path | None", "Path | None", Path], Sequence[str]]


def train_command(word: str, takes: Path | None, negatives: Path | None, out: Path) -> list[str]:
    """Return the command that trains a word; run again, it goes on where it stopped."""
    command = [sys.executable, "-m", "pywakeword", "train", word, "--out", str(out)]
    if takes is not None:
        command += ["--takes", str(takes)]
    if negatives is not None:
        command += ["--negatives", str(negatives)]
    return command


class Training:
    """One training at a time.

    Parameters
    ----------
    make_command : callable
        Returns the command line.
    on_model : callable
        Called with the path of the model when a training has ended well.
    """

    def __init__(self, make_command: MakeCommand, on_model: Callable[[Path], str]) -> None:
        self._make_command = make_command
        self._on_model = on_model
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._n_lines = 0
        self._status, self._word, self._error, self._model = "idle", "", "", ""
        self._percent: float | None = None
        self._cancelled = False

    def start(self, word: str, takes: Path | None, negatives: Path | None, out: Path) -> None:
        """Start a training, or go on with one that was cancelled."""
        with self._lock:
            if self._status == "running":
                raise StudioError(f"the training of {self._word!r} is running")
            out.mkdir(parents=True, exist_ok=True)
            self._log.clear()
            self._n_lines = 0
            self._status, self._word, self._error, self._model = "running", word, "", ""
            self._percent, self._cancelled = None, False
            output, written = _open_terminal()
            try:
                self._process = subprocess.Popen(
                    list(self._make_command(word, takes, negatives, out)),
                    stdin=subprocess.DEVNULL,
                    stdout=written,
                    stderr=written,
                    env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "100"},
                    start_new_session=True,  # its workers end with it
                )
            except OSError as error:
                os.close(output)
                self._status, self._error = "failed", str(error)
                raise StudioError(f"the training cannot be started: {error}") from error
            finally:
                os.close(written)
            self._reader = threading.Thread(target=self._read, args=(self._process, output, out))
            self._reader.daemon = True
            self._reader.start()

    def cancel(self) -> None:
        """End the training; what it has done so far stays for the next start."""
        with self._lock:
            process = self._process
            if self._status != "running" or process is None:
                raise StudioError("no training is running")
            self._cancelled = True
        _end(process, signal.SIGTERM)
        threading.Timer(_KILL_AFTER_S, _end, (process, getattr(signal, "SIGKILL", 15))).start()

    def close(self) -> None:
        """End what runs, and wait for it."""
        process = self._process
        if process is not None and process.poll() is None:
            self._cancelled = True
            _end(process, signal.SIGTERM)
            try:
                process.wait(_KILL_AFTER_S)
            except subprocess.TimeoutExpired:
                _end(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        if self._reader is not None:
            self._reader.join(_KILL_AFTER_S)

    def to_json(self, after: int = 0) -> dict[str, Any]:
        """Return the status, and the lines of the log from number `after` on."""
        with self._lock:
            n_missing = max(0, after - (self._n_lines - len(self._log)))
            return {
                "status": self._status,
                "word": self._word,
                "percent": self._percent,
                "error": self._error,
                "model": self._model,
                "lines": list(self._log)[n_missing:],
                "n_lines": self._n_lines,
            }

    def _read(self, process: subprocess.Popen[bytes], output: int, out: Path) -> None:
        rest = b""
        while data := _read_some(output):
            # A progress bar begins its lines with a carriage return.
            *lines, rest = re.split(b"[\r\n]+", _CONTROL.sub(b"", rest + data))
            for line in lines:
                self._add(line)
            rest = rest[-_LONGEST_LINE:]
        os.close(output)
        self._add(rest)
        self._finish(process.wait(), out)

    def _add(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").strip()[:_LONGEST_LINE]
        if not text:
            return
        found = _PERCENT.search(text)
        with self._lock:
            is_bar = found is not None and self._log and _PERCENT.search(self._log[-1]) is not None
            if is_bar:
                self._log[-1] = text  # the bar moves on
            else:
                self._log.append(text)
                self._n_lines += 1
            if found is not None:
                self._percent = min(100.0, float(found[1]))

    def _finish(self, exit_code: int, out: Path) -> None:
        status, error, model = "done", "", ""
        if self._cancelled:
            status = "cancelled"
        elif exit_code:
            last = self._log[-1] if self._log else ""
            status, error = "failed", last or f"the training ended with exit code {exit_code}"
        else:
            models = sorted(out.glob("*.tflite"), key=lambda path: path.stat().st_mtime)
            try:
                if not models:
                    raise StudioError("the training ended without a model")
                model = self._on_model(models[-1])
            except (PyWakewordError, OSError, ValueError) as found:
                status, error = "failed", str(found)
        with self._lock:
            self._status, self._error, self._model = status, error, model


def _open_terminal() -> tuple[int, int]:
    """Return the reading and the writing end of a terminal, or of a pipe where there is none.

    A progress bar is drawn only on a terminal. Windows has none that can be opened.
    """
    return getattr(os, "openpty", os.pipe)()


def _read_some(output: int) -> bytes:
    try:
        return os.read(output, 4096)
    except OSError:  # how Linux says that nobody writes to a terminal any more
        return b""


def _end(process: subprocess.Popen[bytes], number: int) -> None:
    if process.poll() is not None:
        return
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.terminate()
    except ProcessLookupError:
        pass  # it has just ended
