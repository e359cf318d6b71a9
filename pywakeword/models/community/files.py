"""Reads community models: an ESPHome manifest with its network, or an openWakeWord network."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pywakeword._fields import Fields, field_fault
from pywakeword.errors import CardError, ModelError
from pywakeword.models.card import Card, read_json
from pywakeword.models.digest import read_file, sha256_hex
from pywakeword.models.foreign import MICRO, OPEN_WAKE_WORD, check_not_a_page, community_kind
from pywakeword.models.tflite_input import input_of, is_micro_input

_MANIFEST_VERSION = 2
_STEP_MS = 10
_MOST_SMOOTHED = 1000
_REFRACTORY_S = 1.0
_OPEN_THRESHOLD = 0.5  # openWakeWord's own; its models have no manifest
_OPEN_STRIDE = 8
_MAX_MODEL_BYTES = 64 << 20


@dataclass(frozen=True)
class CommunityModel:
    """A community model: its network, and what is known about it.

    Attributes
    ----------
    kind : str
        `MICRO` or `OPEN_WAKE_WORD`.
    path : Path
        The network.
    card : Card
        What the manifest says, in the form of our cards. It has no front end and no
        calibration.
    threshold : float
        From the manifest; openWakeWord's 0.5 without one.
    data : bytes
        The network's content.
    """

    kind: str
    path: Path
    card: Card
    threshold: float
    data: bytes


def read_community(model: str | os.PathLike[str]) -> CommunityModel:
    """Read a file for which `community_kind` returned a kind.

    Raises
    ------
    ModelError
        If the manifest or the network is malformed, or of a version that nothing here runs.
    """
    kind = community_kind(model)
    path = Path(model)
    what = "ESPHome/microWakeWord manifest" if kind == MICRO else f"model of {kind}"
    try:
        check_not_a_page(path)
        if kind != MICRO:
            return _read_open(path)
        found = _read_micro(path.with_suffix(".json"))
        if path.suffix.lower() == ".tflite" and found.path.name != path.name:
            raise CardError(f"the manifest beside it is that of {found.path.name}")
        return found
    except CardError as error:
        raise ModelError(f"{path}: {what}: {error}") from None
    except OSError as error:
        raise ModelError(f"{path}: {what}: cannot be read: {error.strerror or error}") from None


def _read_micro(path: Path) -> CommunityModel:
    document = read_json(path)
    fields = Fields(document, field_fault(CardError, "the manifest"))
    version = fields.integer("version")
    if version != _MANIFEST_VERSION:
        raise CardError(
            f"a manifest of version {version}; version {_MANIFEST_VERSION} runs "
            "(the networks of version 1 have other inputs)"
        )
    micro = fields.section("micro")
    step_ms = micro.integer("feature_step_size")
    if step_ms != _STEP_MS:
        raise CardError(f"feature_step_size is {step_ms} ms; the front end has {_STEP_MS} ms")
    network = path.parent / fields.string("model")
    threshold = micro.number("probability_cutoff", low=0, high=1)
    if threshold == 0:
        raise CardError("field micro.probability_cutoff must be above 0")
    if not network.exists():
        raise CardError(f"its network {network.name} cannot be read: No such file beside it")
    data = read_file(network, limit=_MAX_MODEL_BYTES)
    shape = input_of(data)
    if shape is None:
        raise CardError(f"{network.name} is no .tflite file")
    if not is_micro_input(shape):
        raise CardError(f"{network.name} is no network of {MICRO}: its input is {shape}")
    card = _card(
        network.stem,
        fields.string("wake_word"),
        fields.strings("trained_languages", ()),
        data,
        frame_stride=shape[0][1],
        smoothing_outputs=micro.integer("sliding_window_size", low=1, high=_MOST_SMOOTHED),
        document=document,
    )
    return CommunityModel(MICRO, network, card, threshold, data)


def _read_open(path: Path) -> CommunityModel:
    data = read_file(path, limit=_MAX_MODEL_BYTES)
    card = _card(
        path.stem,
        path.stem,
        (),
        data,
        frame_stride=_OPEN_STRIDE,
        smoothing_outputs=1,
        document={"type": OPEN_WAKE_WORD, "model": path.name},
    )
    return CommunityModel(OPEN_WAKE_WORD, path, card, _OPEN_THRESHOLD, data)


def _card(
    name: str,
    wake_word: str,
    languages: tuple[str, ...],
    data: bytes,
    *,
    frame_stride: int,
    smoothing_outputs: int,
    document: Any,
) -> Card:
    keyword = "_".join(wake_word.lower().split())
    if not keyword:
        raise CardError("field wake_word is empty")
    return Card(
        name=name,
        keywords=(keyword,),
        languages=languages,
        sha256=sha256_hex(data),
        n_bytes=len(data),
        frontend={},
        state=None,
        frame_stride=frame_stride,
        smoothing_outputs=smoothing_outputs,
        refractory_s=_REFRACTORY_S,
        calibration={},
        document=document,
    )
