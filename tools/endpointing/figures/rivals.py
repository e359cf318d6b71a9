"""smart-turn v3.2, the peer of the comparison and a teacher of the arbitrator.

Its ONNX file and features are part of the PyPI package pipecat-ai 1.14.0 (BSD-2-Clause); only
these two files are read, from the wheel: `pip download --no-deps pipecat-ai==1.14.0`.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.models.onnx import open_session

_FOLDER = "pipecat/audio/turn/smart_turn/"
_MODEL = _FOLDER + "data/smart-turn-v3.2-cpu.onnx"
_FEATURES = _FOLDER + "_whisper_features.py"
_SAMPLES = 8 * 16_000


class SmartTurn:
    """Probability that a turn is complete, from its last 8 s."""

    def __init__(self, wheel: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            model = archive.read(_MODEL)
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "smart_turn_features.py"
                source.write_bytes(archive.read(_FEATURES))
                self._features: Any = _import(source)
        self._session = open_session(model, extra="endpoint")

    def __call__(self, pcm: npt.NDArray[np.int16]) -> float:
        """Judge the turn that ends with `pcm`; shorter audio is padded with zeros in front."""
        audio = pcm[-_SAMPLES:].astype(np.float32) / 32768
        audio = np.pad(audio, (_SAMPLES - len(audio), 0))
        mel = self._features.compute_whisper_log_mel_features(audio, do_normalize=True)
        (found, *_) = self._session.run(None, {"input_features": mel[None]})
        return float(np.asarray(found).ravel()[0])


def _import(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
