"""Keeps the audio of candidates, if the operator turns it on."""

from __future__ import annotations

import io
import json
import os
import threading
import time
import uuid
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.verifier.contract import Metadata, Reply

_DAY_S = 86_400.0
_PRUNE_EVERY_S = 60.0


class AudioRetention:
    """Writes `<request_id>.wav` and `<request_id>.json` into a folder of its own.

    Request ids contain no separators (`contract.parse_metadata`), so no file leaves it. An id
    that was used before gets a suffix: nothing is overwritten. Only the owner can read them.

    Parameters
    ----------
    folder : Path
        Its mode becomes 700.
    max_bytes, max_days : int, float
        The oldest candidates are deleted beyond this size and age.
    """

    def __init__(self, folder: Path, *, max_bytes: int = 1 << 30, max_days: float = 30.0) -> None:
        if max_bytes < 1 or max_days <= 0:
            raise ValueError("max_bytes and max_days must be positive")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_s = max_days * _DAY_S
        self._lock = threading.Lock()
        self._n_bytes = 0
        self._pruned_s = float("-inf")

    def keep(self, metadata: Metadata, pcm: npt.NDArray[np.int16], reply: Reply) -> None:
        """Write one candidate, or raise `OSError` and leave nothing of it."""
        sound = io.BytesIO()
        with wave.open(sound, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes(pcm.astype("<i2", copy=False).tobytes())
        document = {"metadata": json.loads(metadata.to_json()), "reply": reply.to_json()}
        text = (json.dumps(document, indent=1) + "\n").encode()
        with self._lock:
            self._write(metadata.request_id, sound.getvalue(), text)
            self._n_bytes += sound.tell() + len(text)
            due = time.monotonic() - self._pruned_s >= _PRUNE_EVERY_S
            if due or self._n_bytes > self._max_bytes:
                self._prune()

    def _write(self, name: str, sound: bytes, text: bytes) -> None:
        path = self._folder / f"{name}.wav"
        try:
            _write_new(path, sound)
        except FileExistsError:
            path = self._folder / f"{name}.{uuid.uuid4().hex[:12]}.wav"
            _write_new(path, sound)
        try:
            _write_new(path.with_suffix(".json"), text)
        except OSError:
            path.unlink()
            raise

    def _prune(self) -> None:
        """Delete the oldest pairs of files; other files are left alone."""
        self._pruned_s = time.monotonic()
        pairs = []
        for path in self._folder.glob("*.wav"):
            other = path.with_suffix(".json")
            if other.is_file() and path.is_file():
                found = path.stat()
                pairs.append((found.st_mtime, found.st_size + other.stat().st_size, path))
        pairs.sort(reverse=True)  # the newest first
        oldest_s, self._n_bytes = time.time() - self._max_s, 0
        for made_s, n_bytes, path in pairs:
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
