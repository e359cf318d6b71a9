"""Loads models into the core and checks that their shapes are those of their cards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakValueDictionary

from pywakeword import _core
from pywakeword.device_state import STATE_SIZES
from pywakeword.errors import CardError, ModelError
from pywakeword.models.card import VadCard
from pywakeword.models.files import ModelFile, read_vad_model

# Streams of one model share its weights while any of them lives.
_loaded: WeakValueDictionary[str, _core.Model] = WeakValueDictionary()


def load_core_model(file: ModelFile) -> _core.Model:
    """Return the core's model of a file; equal files share one.

    Raises
    ------
    UnsupportedOpError
        If the core lacks an operator of the model.
    ModelError
        If the file is corrupt, or its shapes are not those of its card.
    """
    network = _load(file.path, file.card.sha256, file.data)
    sizes = dict(zip(network.output_names, network.output_sizes))
    check_network(file, sizes, network.frame_stride, network.n_state)
    return network


def load_vad_model(model: str | os.PathLike[str]) -> tuple[_core.Model, VadCard]:
    """Return a voice activity model and its card.

    Raises
    ------
    ModelNotFoundError
        If there is no such model.
    ModelError
        If the file is corrupt, is not a voice activity model, or does not fit its card or
        this build's front end.
    """
    path, card, data = read_vad_model(model)
    network = _load(path, card.sha256, data)
    if network.frame_stride != card.frame_stride:
        raise CardError(
            f"{path}: the card's vad.frame_stride is {card.frame_stride}, "
            f"the model's is {network.frame_stride}"
        )
    return network, card


def _load(path: Path, sha256: str, data: bytes) -> _core.Model:
    network = _loaded.get(sha256)
    if network is None:
        try:
            network = _core.Model(data)
        except ModelError as error:
            raise type(error)(f"{path}: {error}") from None
        _loaded[sha256] = network
    return network


def check_network(
    file: ModelFile, output_sizes: Mapping[str, int], frame_stride: int, n_state: int
) -> None:
    """Raise `CardError` unless a network's shapes are those of its card."""
    check_outputs(file, output_sizes)
    if frame_stride != file.card.frame_stride:
        raise CardError(
            f"{file.path}: the card's detector.frame_stride is {file.card.frame_stride}, "
            f"the model's is {frame_stride}"
        )
    check_n_state(file, n_state)


def check_outputs(file: ModelFile, sizes: Mapping[str, int]) -> None:
    """Raise `CardError` unless each output has one value per keyword of the card."""
    n_keywords = len(file.card.keywords)
    for name in ("logits", "start", "end"):
        if sizes.get(name) != n_keywords:
            found = f"has {sizes[name]} values" if name in sizes else "is missing"
            raise CardError(
                f"{file.path}: the card names {n_keywords} keywords, output {name!r} {found}"
            )


def check_n_state(file: ModelFile, n_state: int) -> None:
    """Raise `CardError` unless a model's state input has the size that its card implies."""
    n_card = 0 if file.card.state is None else sum(STATE_SIZES)
    if n_state != n_card:
        raise CardError(
            f"{file.path}: the card's state takes {n_card} values, the model's input {n_state}"
        )
