"""Finds the ONNX models of endpointing, checks them against their cards and opens them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.errors import CardError, ModelError, ModelNotFoundError
from pywakeword.models.bundled import bundled_dir
from pywakeword.models.card import FORMAT_VERSION, read_json
from pywakeword.models.digest import sha256_hex
from pywakeword.models.files import check_frontend

_FOLDER = "endpoint"


@dataclass(frozen=True)
class OnnxModel:
    """A session of ONNX Runtime, one thread, and its card.

    Attributes
    ----------
    path : Path
        The model file.
    card : mapping
        The card beside it, as it was read.
    """

    path: Path
    card: Mapping[str, Any]
    session: Any

    def run(self, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Return the outputs in the model's order."""
        return list(self.session.run(None, dict(inputs)))


def load_onnx_model(model: str | os.PathLike[str], task: str) -> OnnxModel:
    """Open a bundled model by name, or a `.onnx` file with its card beside it.

    Raises
    ------
    ModelNotFoundError
        If there is no such model.
    CardError
        If the card is missing or malformed, is for another task, belongs to another file,
        or records a front end that differs from this build's.
    MissingExtraError
        If ONNX Runtime is not installed.
    ModelError
        If ONNX Runtime refuses the file.
    """
    path = _find(model)
    card = read_json(path.with_suffix(".json"))
    data = path.read_bytes()
    try:
        _check(card, task, data)
    except CardError as error:
        raise CardError(f"{path}: {error}") from None
    runtime = require("onnxruntime", "endpoint")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no public base class
        raise ModelError(f"{path}: ONNX Runtime refuses the model: {error}") from error
    return OnnxModel(path, card, session)


def _find(model: str | os.PathLike[str]) -> Path:
    folder = bundled_dir() / _FOLDER
    bundled = tuple(sorted(p.stem for p in folder.glob("*.onnx")))
    named = isinstance(model, str) and not model.endswith(".onnx") and Path(model).name == model
    path = folder / f"{model}.onnx" if named else Path(model)
    if not path.is_file():
        raise ModelNotFoundError(os.fspath(model), bundled)
    return path


def _check(card: Any, task: str, data: bytes) -> None:
    if not isinstance(card, dict) or not isinstance(card.get("model"), dict):
        raise CardError("the card must be a JSON object with a section 'model'")
    if card.get("format_version") != FORMAT_VERSION:
        raise CardError(
            f"format_version is {card.get('format_version')!r}, this build reads {FORMAT_VERSION}"
        )
    if card.get("task") != task:
        raise CardError(f"this is no {task} model: its task is {card.get('task')!r}")
    digest = sha256_hex(data)
    if card["model"].get("sha256") != digest:
        raise CardError(f"the file's sha256 is {digest}, not what its card says")
    if not isinstance(card.get("frontend"), dict):
        raise CardError("field frontend is missing")
    check_frontend(card["frontend"])
