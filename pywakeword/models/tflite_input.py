"""Reads what a `.tflite` file's first input is, to tell whose model it is."""

from __future__ import annotations

import struct
from typing import Optional

_TYPES = {0: "float32", 3: "uint8", 9: "int8"}
_MODEL_SUBGRAPHS, _SUBGRAPH_TENSORS, _SUBGRAPH_INPUTS = 2, 0, 1
_TENSOR_SHAPE, _TENSOR_TYPE = 0, 1
_MOST_DIMENSIONS = 8
_MICRO_FEATURES, _OPEN_FEATURES = 40, 96

# Shape and type; None if this is no `.tflite` file that can be read.
TfliteInput = Optional[tuple[tuple[int, ...], str]]


def is_micro_input(found: TfliteInput) -> bool:
    """Whether a network takes microWakeWord's features, (1, n_frames, 40) of int8."""
    return _is(found, _MICRO_FEATURES, "int8")


def is_open_input(found: TfliteInput) -> bool:
    """Whether a network takes openWakeWord's embeddings, (1, n_frames, 96) of float32."""
    return _is(found, _OPEN_FEATURES, "float32")


def _is(found: TfliteInput, n_features: int, kind: str) -> bool:
    if found is None:
        return False
    shape = found[0]
    is_shape = len(shape) == 3 and shape[0] == 1 and 1 <= shape[1] <= 1000
    return is_shape and shape[2] == n_features and found[1] == kind


def input_of(data: bytes) -> TfliteInput:
    """Return the first input of a `.tflite` file."""
    if data[4:8] != b"TFL3":
        return None
    try:
        subgraph = _item(data, _field(data, _uint(data, 0), _MODEL_SUBGRAPHS), 0)
        inputs = _vector(data, _field(data, subgraph, _SUBGRAPH_INPUTS))
        number = struct.unpack_from("<i", data, inputs + 4)[0]
        tensor = _item(data, _field(data, subgraph, _SUBGRAPH_TENSORS), number)
        shape = _vector(data, _field(data, tensor, _TENSOR_SHAPE))
        length = _uint(data, shape)
        if length > _MOST_DIMENSIONS:
            return None
        at = _find(data, tensor, _TENSOR_TYPE)
        kind = 0 if at is None else data[at]
        sizes = struct.unpack_from(f"<{length}i", data, shape + 4)
    except (struct.error, IndexError, ValueError):
        return None
    return sizes, _TYPES.get(kind, f"type {kind}")


def _uint(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _find(data: bytes, table: int, number: int) -> int | None:
    """Return the place of a field of a table; None if the table leaves it out."""
    vtable = table - int(struct.unpack_from("<i", data, table)[0])
    if vtable < 0:
        raise ValueError("a table outside the file")
    if 4 + 2 * number >= struct.unpack_from("<H", data, vtable)[0]:
        return None
    offset = int(struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0])
    return table + offset if offset else None


def _field(data: bytes, table: int, number: int) -> int:
    """Return the place of a field that must be there."""
    at = _find(data, table, number)
    if at is None:
        raise ValueError("a field is missing")
    return at


def _vector(data: bytes, at: int) -> int:
    """Return the place of a vector: its length, then its items."""
    return at + _uint(data, at)


def _item(data: bytes, at: int, number: int) -> int:
    """Return the place of one table of a vector of tables."""
    vector = _vector(data, at)
    if not 0 <= number < _uint(data, vector):
        raise ValueError("an item outside its vector")
    place = vector + 4 + 4 * number
    return place + _uint(data, place)
