"""Writes the network as ONNX with weights in half precision, and the vocabulary inside."""

from __future__ import annotations

import io
import json
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from pywakeword.tts.text.syntax_features import ID_FEATURES, N_FLAGS
from tools.syntax.network import Network

_OPSET = 17
_MIN_HALVED = 256  # values; smaller tensors are shapes and biases


class _Scores(nn.Module):
    """The network without what only training needs."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: torch.Tensor, flags: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.network(ids, flags)[0]
        return scores


def to_onnx(network: Network, vocabulary: dict[str, dict[str, int]]) -> bytes:
    """Return the file: ids (1, words, features) and flags (1, words, flags) to scores."""
    example = (torch.zeros(1, 5, len(ID_FEATURES), dtype=torch.int64), torch.zeros(1, 5, N_FLAGS))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter warns of itself, and that an LSTM takes a batch of one only: so it does.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Scores(network).eval(),
            example,
            buffer,
            input_names=["ids", "flags"],
            output_names=["scores"],
            dynamic_axes={"ids": {1: "words"}, "flags": {1: "words"}, "scores": {1: "words"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    _halve(model.graph)
    entry = model.metadata_props.add()
    entry.key = "vocabulary"
    # Ids count from 1, in this order.
    values = {name: list(table) for name, table in vocabulary.items()}
    entry.value = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _halve(graph: onnx.GraphProto) -> None:
    casts = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _MIN_HALVED:
            continue
        half = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half")
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        # Cast back as the file is loaded (constants are folded then): same speed, half the size.
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
