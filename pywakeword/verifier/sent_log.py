"""Records for the owner of a device what left it: when, where to and why."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from pywakeword._checks import check_integer, check_type


class SentLog:
    """Writes one JSON object per line: `sent` before every attempt, `outcome` after it.

    Parameters
    ----------
    path : str or path
        The file, which is appended to. At `max_bytes` it is renamed to `<path>.1`; an older
        `<path>.1` is deleted.
    max_bytes : int
        Largest size.
    """

    def __init__(self, path: str | Path, *, max_bytes: int = 1_000_000) -> None:
        check_type("path", path, str, Path)
        check_integer("max_bytes", max_bytes)
        self._path = Path(path)
        self._max_bytes = max_bytes
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a", encoding="utf-8")

    def write(self, event: str, **fields: Any) -> None:
        """Append one line and flush it."""
        if self._file.tell() >= self._max_bytes:
            self._file.close()
            self._path.replace(f"{self._path}.1")
            self._file = self._path.open("a", encoding="utf-8")
        self._file.write(json.dumps({"time": round(time.time(), 3), "event": event, **fields}))
        self._file.write("\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
