"""Keeps clips of audio in a folder, each with a JSON document, up to a size and an age."""

from __future__ import annotations

import io
import json
import os
import threading
import time
import uuid
import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

_DAY_S = 86_400.0
_PRUNE_EVERY_S = 60.0


class AudioFolder:
    """Writes `<name>.wav` and `<name>.json` into a folder of its own.

    Only the owner can read them. A name that was used before gets a suffix: nothing is
    overwritten. Without clips, there is no folder.

    Parameters
    ----------
    folder : Path
        Its mode becomes 700.
    max_bytes, max_days : int, float
        The oldest clips are deleted beyond this size and age.
    """

    def __init__(self, folder: Path, *, max_bytes: int = 1 << 30, max_days: float = 30.0) -> None:
        if max_bytes < 1 or max_days <= 0:
            raise ValueError("max_bytes and max_days must be positive")
        self.folder = folder
        self._max_bytes = max_bytes
        self._max_s = max_days * _DAY_S
        self._lock = threading.Lock()
        self._n_bytes = 0
        self._pruned_s = float("-inf")

    def create(self) -> None:
        """Make the folder."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def write(self, name: str, pcm: npt.NDArray[np.int16], document: dict[str, Any]) -> Path:
        """Write one clip and return its path, or raise `OSError` and leave nothing of it.

        `name` must have no separators.
        """
        sound = io.BytesIO()
        with wave.open(sound, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes(pcm.astype("<i2", copy=False).tobytes())
        text = (json.dumps(document, indent=1) + "\n").encode()
        with self._lock:
            path = self._write(name, sound.getvalue(), text)
            self._n_bytes += sound.tell() + len(text)
            due = time.monotonic() - self._pruned_s >= _PRUNE_EVERY_S
            if due or self._n_bytes > self._max_bytes:
                self._prune()
        return path

    def clips(self) -> dict[str, Path]:
        """Return the clips by name, the newest first."""
        with self._lock:
            found = [(made_s, path) for made_s, _, path in self._pairs()]
        return {path.stem: path for _, path in sorted(found, reverse=True)}

    def delete(self, name: str) -> bool:
        """Delete a clip; False if there is none of that name."""
        path = self.clips().get(name)
        if path is not None:
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)
        return path is not None

    def prune(self) -> None:
        """Delete what is too old or too much."""
        with self._lock:
            self._prune()

    def _write(self, name: str, sound: bytes, text: bytes) -> Path:
        path = self.folder / f"{name}.wav"
        try:
            _write_new(path, sound)
        except FileExistsError:
            path = self.folder / f"{name}.{uuid.uuid4().hex[:12]}.wav"
            _write_new(path, sound)
        try:
            _write_new(path.with_suffix(".json"), text)
        except OSError:
            path.unlink()
            raise
        return path

    def _pairs(self) -> list[tuple[float, int, Path]]:
        """Return time, bytes and path of each clip; other files are left alone."""
        pairs = []
        for path in self.folder.glob("*.wav"):
            other = path.with_suffix(".json")
            if other.is_file() and path.is_file():
                found = path.stat()
                pairs.append((found.st_mtime, found.st_size + other.stat().st_size, path))
        return pairs

    def _prune(self) -> None:
        self._pruned_s = time.monotonic()
        oldest_s, self._n_bytes = time.time() - self._max_s, 0
        for made_s, n_bytes, path in sorted(self._pairs(), reverse=True):  # the newest first
            if made_s < oldest_s or self._n_bytes + n_bytes > self._max_bytes:
                path.unlink(missing_ok=True)
                path.with_suffix(".json").unlink(missing_ok=True)
            else:
                self._n_bytes += n_bytes


def _write_new(path: Path, data: bytes) -> None:
    """Create a file that only its owner can read; a part of it does not stay."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        try:
            file.write(data)
            file.flush()
        except OSError:
            path.unlink()
            raise
