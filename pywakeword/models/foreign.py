"""Recognises the files of other programs, and says what they are."""

from __future__ import annotations

import os
from pathlib import Path

from pywakeword._fields import load_json
from pywakeword.errors import CardError, ModelError
from pywakeword.models.digest import read_file
from pywakeword.models.tflite_input import input_of, is_micro_input, is_open_input

MICRO = "microWakeWord"
OPEN_WAKE_WORD = "openWakeWord"

_HEAD_BYTES = 4096
_MAX_JSON_BYTES = 1 << 20
_MAX_MODEL_BYTES = 64 << 20
_OTHER = "not a pywakeword model; its front end differs. Train the word with pywakeword instead"
_COMMUNITY = "not a pywakeword model. It runs in WakeWord (extra community), but not here"


def check_not_foreign(model: str | os.PathLike[str]) -> None:
    """Raise `ModelError` if this is a file of another program, or no model at all."""
    path = _file(model)
    if path is None:
        return
    check_not_a_page(path)
    kind = community_kind(path)
    if path.suffix.lower() == ".ppn":
        raise ModelError(f"{path}: this is a Porcupine model (.ppn), {_OTHER}")
    if kind == MICRO and path.suffix.lower() == ".json":
        raise ModelError(f"{path}: this is an ESPHome/microWakeWord manifest, {_COMMUNITY}")
    if kind is not None:
        raise ModelError(f"{path}: this is a model of {kind}, {_COMMUNITY}")
    if path.suffix.lower() == ".json":
        raise ModelError(
            f"{path}: this is a card or manifest, not a pywakeword model: give the "
            f"{path.stem}.tflite"
        )
    with path.open("rb") as file:
        magic = file.read(8)[4:]
    if magic != b"TFL3" and path.suffix.lower() == ".tflite" and not _card_of(path).exists():
        raise ModelError(f"{path}: this is no model in TensorFlow Lite's format, and has no card")


def check_not_a_page(path: Path) -> None:
    """Raise `ModelError` if a file holds what a failed download leaves."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(b"version https://git-lfs"):
        raise ModelError(
            f"{path}: this is a Git LFS pointer, not a pywakeword model: run `git lfs pull`"
        )
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise ModelError(
            f"{path}: this is an HTML page, not a pywakeword model: the download failed"
        )


def community_kind(model: str | os.PathLike[str]) -> str | None:
    """Return `MICRO` or `OPEN_WAKE_WORD` for a file of these programs, None for any other.

    Raises
    ------
    ModelError
        If it is a microWakeWord network without its manifest.
    """
    path = _file(model)
    suffix = "" if path is None else path.suffix.lower()
    if path is None or suffix not in (".json", ".onnx", ".tflite"):
        return None
    manifest = path.with_suffix(".json")
    if suffix != ".onnx" and _is_micro(manifest):
        return MICRO
    if suffix == ".onnx":
        return OPEN_WAKE_WORD
    if suffix == ".json" or manifest.exists():
        return None
    return _kind_of_network(path)


def _file(model: str | os.PathLike[str]) -> Path | None:
    path = Path(model)
    return path if path.suffix and path.is_file() else None


def _card_of(path: Path) -> Path:
    return path.with_suffix(".json")


def _kind_of_network(path: Path) -> str | None:
    try:
        found = input_of(read_file(path, limit=_MAX_MODEL_BYTES))
    except (CardError, OSError):
        return None  # the loader says what is wrong
    if is_open_input(found):
        return OPEN_WAKE_WORD
    if is_micro_input(found):
        raise ModelError(
            f"{path}: this is a model of {MICRO} without its manifest, "
            f"{path.with_suffix('.json').name}"
        )
    return None


def _is_micro(path: Path) -> bool:
    try:
        document = load_json(read_file(path, limit=_MAX_JSON_BYTES).decode("utf-8"))
    except (CardError, OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("type") == "micro"
