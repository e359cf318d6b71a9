"""Recognises files that are no models of this package, and says what they are."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pywakeword.errors import CardError, ModelError
from pywakeword.models.digest import read_file

_HEAD_BYTES = 4096
_MAX_JSON_BYTES = 1 << 20
_HOW = "not a pywakeword model; its front end differs. Train the word with pywakeword instead"


def check_not_foreign(model: str | os.PathLike[str]) -> None:
    """Raise `ModelError` if this is a file of another program, or no model at all."""
    path = Path(model)
    if not path.suffix or not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    kind = _kind(path, head)
    if kind is not None:
        raise ModelError(f"{path}: {kind}")


def _kind(path: Path, head: bytes) -> str | None:
    suffix = path.suffix.lower()
    if head.startswith(b"version https://git-lfs"):
        return "this is a Git LFS pointer, not a pywakeword model: run `git lfs pull`"
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "this is an HTML page, not a pywakeword model: the download failed"
    if suffix == ".ppn":
        return f"this is a Porcupine model (.ppn), {_HOW}"
    if suffix == ".onnx":
        return f"this is an ONNX model, such as openWakeWord's, {_HOW}"
    if suffix == ".json":
        return _kind_of_json(path)
    if suffix == ".tflite" and _is_micro(path.with_suffix(".json")):
        return f"this is a microWakeWord model, {_HOW}"
    return None


def _kind_of_json(path: Path) -> str:
    if _is_micro(path):
        return f"this is an ESPHome/microWakeWord manifest, {_HOW}"
    return f"this is a card or manifest, not a pywakeword model: give the {path.stem}.tflite"


def _is_micro(path: Path) -> bool:
    try:
        document = json.loads(read_file(path, limit=_MAX_JSON_BYTES).decode("utf-8"))
    except (CardError, OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("type") == "micro"
