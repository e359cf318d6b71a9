"""Finds model files, and reads them with the cards that belong to them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pywakeword.errors import CardError, ModelNotFoundError
from pywakeword.models.bundled import bundled_dir
from pywakeword.models.card import (
    KEYWORD_TASK,
    Card,
    VadCard,
    read_card,
    read_task,
    read_vad_card,
)
from pywakeword.models.compatibility import check_frontend, check_state
from pywakeword.models.digest import check_file, read_file
from pywakeword.models.foreign import check_not_foreign

ENDPOINT_ROOM = "endpoint"  # bundled models of endpointing


@dataclass(frozen=True)
class ModelFile:
    """A model file and its card, checked against each other."""

    path: Path
    card: Card
    data: bytes


def available_models() -> tuple[str, ...]:
    """Return the names of the bundled keyword models."""
    paths = bundled_dir().glob("*.tflite")
    return tuple(sorted(p.stem for p in paths if read_task(p.with_suffix(".json")) == KEYWORD_TASK))


def default_models() -> tuple[str, ...]:
    """Return the bundled models that are used by default: one per keyword, with its name.

    The other bundled models are the same keywords in another size.
    """
    names = available_models()
    return tuple(n for n in names if read_card(find_model(n).with_suffix(".json")).keywords == (n,))


def find_model(model: str | os.PathLike[str], room: str = "", suffix: str = ".tflite") -> Path:
    """Return the file of a bundled name, or of a path to a model file.

    A string without a directory and without the suffix is a name; anything else is a path.

    Parameters
    ----------
    model : str or path
        Name or path.
    room : str
        Folder of the bundled models to search: "" for wake words, or "endpoint", "verifier",
        "tts/syntax" and so on.
    suffix : str
        Suffix of the model files.

    Raises
    ------
    ModelNotFoundError
        If there is no such model; the message lists those that exist.
    """
    if not isinstance(model, (str, os.PathLike)):
        raise TypeError(f"model must be a name or a path, got {model!r}")
    if isinstance(model, str) and not model.endswith(suffix) and Path(model).name == model:
        path = bundled_dir(room) / f"{model}{suffix}"
    else:
        path = Path(model)
    if not path.is_file():
        known = sorted(p.stem for p in bundled_dir(room).glob(f"*{suffix}"))
        raise ModelNotFoundError(os.fspath(model), known)
    return path


def read_model(model: str | os.PathLike[str]) -> ModelFile:
    """Read a keyword model with the card beside it, and check that they belong together.

    Raises
    ------
    ModelNotFoundError
        If there is no such model.
    ModelError
        If it is another program's model.
    CardError
        If the card is malformed, belongs to another model file, or records a
        front end or a state vocabulary that differs from this build's.
    """
    check_not_foreign(model)
    path = find_model(model)
    card = read_card(path.with_suffix(".json"))
    data = _read_checked(path, card)
    try:
        check_state(card.state)
    except CardError as error:
        raise CardError(f"{path}: {error}") from None
    return ModelFile(path, card, data)


def read_vad_model(model: str | os.PathLike[str]) -> tuple[Path, VadCard, bytes]:
    """Read a voice activity model with its card; errors as those of `read_model`."""
    path = find_model(model, ENDPOINT_ROOM)
    card = read_vad_card(path.with_suffix(".json"))
    data = _read_checked(path, card)
    return path, card, data


def _read_checked(path: Path, card: Card | VadCard) -> bytes:
    try:
        data = read_file(path, n_bytes=card.n_bytes)
        check_file(data, card.sha256, card.n_bytes)
        check_frontend(card.frontend)
        return data
    except CardError as error:
        raise CardError(f"{path}: {error}") from None
