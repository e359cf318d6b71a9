"""Keeps the audio of candidates, if the operator turns it on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.audio.retention import AudioFolder
from pywakeword.verifier.contract import Metadata, Reply


class AudioRetention(AudioFolder):
    """Writes `<request_id>.wav` and `<request_id>.json` into a folder of its own.

    Request ids contain no separators (`contract.parse_metadata`), so no file leaves it.

    Parameters
    ----------
    folder, max_bytes, max_days : Path, int, float
        As for `AudioFolder`; the folder is made at once.
    """

    def __init__(self, folder: Path, *, max_bytes: int = 1 << 30, max_days: float = 30.0) -> None:
        super().__init__(folder, max_bytes=max_bytes, max_days=max_days)
        self.create()

    def keep(self, metadata: Metadata, pcm: npt.NDArray[np.int16], reply: Reply) -> None:
        """Write one candidate, or raise `OSError` and leave nothing of it."""
        document = {"metadata": json.loads(metadata.to_json()), "reply": reply.to_json()}
        self.write(metadata.request_id, pcm, document)
