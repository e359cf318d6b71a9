"""Keeps the audio of candidates, if the operator turns it on."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.verifier.contract import Metadata, Reply


class AudioRetention:
    """Writes `<request_id>.wav` and `<request_id>.json` into a directory.

    Request ids contain no separators (`contract.parse_metadata`), so no file leaves it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def keep(self, metadata: Metadata, pcm: npt.NDArray[np.int16], reply: Reply) -> None:
        """Write one candidate."""
        path = self._folder / f"{metadata.request_id}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes(pcm.astype("<i2", copy=False).tobytes())
        document = {"metadata": json.loads(metadata.to_json()), "reply": reply.to_json()}
        path.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
