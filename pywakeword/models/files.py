"""Finds model files, checks them against their cards and loads them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from pywakeword import _core
from pywakeword.device_state import DEVICE_TYPES, PLAYBACKS, STATE_SIZES, VOLUME_EDGES
from pywakeword.errors import CardError, ModelError, ModelNotFoundError
from pywakeword.models.bundled import bundled_dir
from pywakeword.models.card import (
    KEYWORD_TASK,
    Card,
    VadCard,
    read_card,
    read_task,
    read_vad_card,
)
from pywakeword.models.digest import sha256_hex

STATE_VOCABULARY: Mapping[str, tuple[object, ...]] = {
    "device_type": DEVICE_TYPES,
    "playback": PLAYBACKS,
    "volume_edges": VOLUME_EDGES,
}

ENDPOINT_ROOM = "endpoint"  # folder of the bundled models that endpointing runs

# Streams of one model share its weights for as long as any of them lives.
_loaded: WeakValueDictionary[str, _core.Model] = WeakValueDictionary()


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
    """Return the bundled models that listen where none is named: one a keyword, named like it.

    The others hear the same keywords in another size.
    """
    names = available_models()
    return tuple(n for n in names if read_card(find_model(n).with_suffix(".json")).keywords == (n,))


def find_model(model: str | os.PathLike[str], room: str = "") -> Path:
    """Return the file of a bundled name or of a path to a .tflite file.

    A string without a directory and without `.tflite` is a name; anything else
    is a path.

    Parameters
    ----------
    model : str or path
        What to find.
    room : str
        The folder of the bundled models to search: "" for wake words, or "endpoint".

    Raises
    ------
    ModelNotFoundError
        If there is no such model; the message lists those that exist.
    """
    if isinstance(model, str) and not model.endswith(".tflite") and Path(model).name == model:
        path = bundled_dir() / room / f"{model}.tflite"
    else:
        path = Path(model)
    if not path.is_file():
        known = sorted(p.stem for p in (bundled_dir() / room).glob("*.tflite"))
        raise ModelNotFoundError(os.fspath(model), known)
    return path


def read_model(model: str | os.PathLike[str]) -> ModelFile:
    """Read a model file with the card beside it and check that they belong together.

    Raises
    ------
    ModelNotFoundError
        If there is no such model.
    CardError
        If the card is malformed, belongs to another model file, or records a
        front end or a state vocabulary that differs from this build's.
    """
    path = find_model(model)
    card = read_card(path.with_suffix(".json"))
    data = path.read_bytes()
    try:
        _check_file(card, data)
        check_frontend(card.frontend)
        _check_state(card.state)
    except CardError as error:
        raise CardError(f"{path}: {error}") from None
    return ModelFile(path, card, data)


def load_core_model(file: ModelFile) -> _core.Model:
    """Return the core's model of a file; equal files share one.

    Raises
    ------
    UnsupportedOpError
        If the core lacks an operator of the model.
    ModelError
        If the file is corrupt, or its shapes are not those of its card.
    """
    network = _load_network(file.path, file.card, file.data)
    sizes = dict(zip(network.output_names, network.output_sizes))
    check_network(file, sizes, network.frame_stride, network.n_state)
    return network


def check_network(
    file: ModelFile, output_sizes: Mapping[str, int], frame_stride: int, n_state: int
) -> None:
    """Refuse a network whose shapes are not those of its card."""
    check_outputs(file, output_sizes)
    if frame_stride != file.card.frame_stride:
        raise CardError(
            f"{file.path}: the card's detector.frame_stride is {file.card.frame_stride}, "
            f"the model's is {frame_stride}"
        )
    check_n_state(file, n_state)


def load_vad_model(model: str | os.PathLike[str]) -> tuple[_core.Model, VadCard]:
    """Return a voice activity model and its card.

    Raises
    ------
    ModelNotFoundError
        If there is no such model.
    ModelError
        If the file is corrupt, is no voice activity model, or does not fit its card or
        this build's front end.
    """
    path = find_model(model, ENDPOINT_ROOM)
    card = read_vad_card(path.with_suffix(".json"))
    data = path.read_bytes()
    try:
        _check_file(card, data)
        check_frontend(card.frontend)
    except CardError as error:
        raise CardError(f"{path}: {error}") from None
    network = _load_network(path, card, data)
    if network.frame_stride != card.frame_stride:
        raise CardError(
            f"{path}: the card's vad.frame_stride is {card.frame_stride}, "
            f"the model's is {network.frame_stride}"
        )
    return network, card


def _load_network(path: Path, card: Card | VadCard, data: bytes) -> _core.Model:
    network = _loaded.get(card.sha256)
    if network is None:
        try:
            network = _core.Model(data)
        except ModelError as error:
            raise type(error)(f"{path}: {error}") from None
        _loaded[card.sha256] = network
    return network


def check_outputs(file: ModelFile, sizes: Mapping[str, int]) -> None:
    """Refuse a model whose outputs do not have one value a keyword of the card."""
    n_keywords = len(file.card.keywords)
    for name in ("logits", "start", "end"):
        if sizes.get(name) != n_keywords:
            found = f"has {sizes[name]} values" if name in sizes else "is missing"
            raise CardError(
                f"{file.path}: the card names {n_keywords} keywords, output {name!r} {found}"
            )


def check_n_state(file: ModelFile, n_state: int) -> None:
    """Refuse a model whose state input differs from what its card says."""
    n_card = 0 if file.card.state is None else sum(STATE_SIZES)
    if n_state != n_card:
        raise CardError(
            f"{file.path}: the card's state takes {n_card} values, the model's input {n_state}"
        )


def _check_file(card: Card | VadCard, data: bytes) -> None:
    if len(data) != card.n_bytes:
        raise CardError(f"the file has {len(data)} bytes, its card says {card.n_bytes}")
    digest = sha256_hex(data)
    if digest != card.sha256:
        raise CardError(f"the file's sha256 is {digest}, its card says {card.sha256}")


def check_frontend(frontend: Mapping[str, Any]) -> None:
    """Refuse a model that was trained with another front end than this build's."""
    settings = _core.LFBE_SETTINGS
    for name in (*settings, *frontend):
        if name not in frontend:
            raise CardError(f"front-end field {name!r} is missing from the card")
        if name not in settings:
            raise CardError(f"front-end field {name!r} of the card is unknown to this build")
        if not _equal(frontend[name], settings[name]):
            raise CardError(
                f"front-end field {name!r} is {frontend[name]!r} on the card, "
                f"this build computes {settings[name]!r}"
            )


def _check_state(state: Mapping[str, Any] | None) -> None:
    if state is None:
        return
    for name, vocabulary in STATE_VOCABULARY.items():
        if state.get(name) != list(vocabulary):
            raise CardError(
                f"state field {name!r} is {state.get(name)!r} on the card, "
                f"this build knows {list(vocabulary)!r}"
            )


def _equal(left: Any, right: Any) -> bool:
    # A float may have passed through float32 in the core and through JSON on the card.
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-6)
    return bool(left == right)
