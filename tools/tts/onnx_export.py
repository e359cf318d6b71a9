"""Exports networks as ONNX with weights in half precision; used by all kits of the voices."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

_OPSET = 17
_FEWEST_HALVED = 256  # values; smaller tensors are shapes and biases


def export(
    module: nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    dynamic: Mapping[str, Mapping[int, str]],
) -> onnx.ModelProto:
    """Export a network; `dynamic` names the axes of variable size."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The exporter warns about itself, and that an LSTM is exported for a batch of one.
        warnings.simplefilter("ignore")
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            module.eval(),
            example,
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in dynamic.items()},
            opset_version=_OPSET,
            dynamo=False,
        )
        return onnx.load(path)


def halve(graph: onnx.GraphProto) -> None:
    """Store large weights as float16, with casts back that the runtime folds when it loads."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= _FEWEST_HALVED:
            stored = numpy_helper.from_array(values.astype(np.float16), tensor.name + ".half")
            casts.append(
                helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT)
            )
            tensor.CopyFrom(stored)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def checked_bytes(model: onnx.ModelProto) -> bytes:
    """Check a model and return it as a file."""
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data
