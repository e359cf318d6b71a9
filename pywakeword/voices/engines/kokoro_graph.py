"""Kokoro's int8 graph written back to float.

The published file runs its convolutions as `ConvInteger`, which is ten times slower on a CPU
than the float convolution. Each integer operator is replaced by the float operator that it
stands for, with the same weights: `(w - zero_point) * scale`. Each distinct weight is
written once; the layers of the text encoder share theirs.

The durations that the network predicts become a second output: how many frames of 600
samples each symbol takes. They place every word in the audio.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require

DURATIONS = "durations"
_DURATIONS_TENSOR = "/encoder/Clip_output_0"


def write_float(int8: Path, float32: Path) -> None:
    """Read the int8 file and write the float one.

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    """
    onnx = require("onnx", "kokoro")
    onnx.save(float_graph(onnx.load(str(int8))), str(float32))


def float_graph(model: Any) -> Any:
    """Return the int8 `onnx.ModelProto` as float, with a second output `durations`."""
    onnx = require("onnx", "kokoro")
    graph = _Graph(model.graph, onnx)
    nodes: list[Any] = []
    for node in model.graph.node:
        if node.op_type == "ConvInteger":
            nodes.append(graph.convolution(node))
        elif node.op_type == "MatMulInteger":
            nodes.append(graph.product(node))
        elif node.op_type == "DynamicQuantizeLSTM":
            nodes.append(graph.lstm(node))
        elif node.op_type != "DynamicQuantizeLinear":
            nodes.append(node)
    nodes = graph.without_replaced(nodes)
    nodes.append(onnx.helper.make_node("Identity", [_DURATIONS_TENSOR], [DURATIONS]))
    outputs = [value.name for value in model.graph.output] + [DURATIONS]
    nodes = _needed(nodes, set(outputs))
    used = {name for node in nodes for name in node.input}
    kept = [t for t in model.graph.initializer if t.name in used]
    durations = onnx.helper.make_tensor_value_info(DURATIONS, onnx.TensorProto.FLOAT, None)
    rewritten = onnx.helper.make_graph(
        nodes,
        model.graph.name,
        list(model.graph.input),
        [*model.graph.output, durations],
        [*kept, *(t for t in graph.weights.values() if t.name in used)],
    )
    return onnx.helper.make_model(
        rewritten,
        opset_imports=[o for o in model.opset_import if o.domain in ("", "com.microsoft")],
        ir_version=model.ir_version,
    )


class _Graph:
    """Looks up producers, consumers and constants, and makes the float nodes."""

    def __init__(self, graph: Any, onnx: Any) -> None:
        self._onnx = onnx
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._producers = {name: node for node in graph.node for name in node.output}
        self._consumers: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self._consumers.setdefault(name, []).append(node)
        self._replaced: set[str] = set()
        self.weights: dict[str, Any] = {}

    def convolution(self, node: Any) -> Any:
        """`ConvInteger`, `Add` of the integer bias, `Cast`, `Mul` -> `Conv`."""
        bias, scale, output = self._tail(node)
        inputs = [self._source(node.input[0]), self._weight(node, scale)]
        made = self._onnx.helper.make_node(
            "Conv", [*inputs, bias] if bias else inputs, [output], name=node.name
        )
        made.attribute.extend(node.attribute)
        return made

    def product(self, node: Any) -> Any:
        """`MatMulInteger`, `Cast`, `Mul` -> `MatMul`."""
        _, scale, output = self._tail(node)
        inputs = [self._source(node.input[0]), self._weight(node, scale)]
        return self._onnx.helper.make_node("MatMul", inputs, [output], name=node.name)

    def lstm(self, node: Any) -> Any:
        """`DynamicQuantizeLSTM` -> `LSTM`, whose matrices are transposed."""
        x, w, r, bias, lengths, h, c, peepholes, w_scale, w_zero, r_scale, r_zero = node.input
        inputs = [x, self._transposed(w, w_scale, w_zero), self._transposed(r, r_scale, r_zero)]
        made = self._onnx.helper.make_node(
            "LSTM", [*inputs, bias, lengths, h, c, peepholes], list(node.output), name=node.name
        )
        made.attribute.extend(node.attribute)
        return made

    def without_replaced(self, nodes: list[Any]) -> list[Any]:
        """`nodes` without the scaling that a float node has taken over."""
        return [
            node
            for node in nodes
            if node.op_type not in ("Mul",) or not set(node.output) & self._replaced
        ]

    def _tail(self, node: Any) -> tuple[str, str, str]:
        """Return the float bias or "", the weight's scale, and the float output."""
        (following,) = self._consumers[node.output[0]]
        bias = ""
        if following.op_type == "Add":
            # Reshape(Cast(Floor(Div(bias, scale)))): the bias in units of the product
            name = next(i for i in following.input if i != node.output[0])
            while name not in self._constants:
                name = self._producers[name].input[0]
            bias = name
            (following,) = self._consumers[following.output[0]]
        (final,) = self._consumers[following.output[0]]
        scales = self._producers[next(i for i in final.input if i != following.output[0])]
        scale = next(i for i in scales.input if i in self._constants)
        self._replaced.add(final.output[0])
        return bias, scale, final.output[0]

    def _source(self, quantized: str) -> str:
        return str(self._producers[quantized].input[0])

    def _weight(self, node: Any, scale: str) -> str:
        name = f"{node.input[1]}_float"
        if name not in self.weights:
            values = self._array(node.input[1]).astype(np.float32)
            values -= self._array(node.input[3]).astype(np.float32)
            self._add(name, values * self._array(scale))
        return name

    def _transposed(self, matrix: str, scale: str, zero: str) -> str:
        name = f"{matrix}_float"
        if name not in self.weights:
            per_direction = (slice(None), None, None)
            values = self._array(matrix).astype(np.float32)
            values -= self._array(zero).astype(np.float32)[per_direction]
            self._add(name, (values * self._array(scale)[per_direction]).transpose(0, 2, 1))
        return name

    def _add(self, name: str, values: npt.NDArray[np.float32]) -> None:
        made = self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name)
        self.weights[name] = made

    def _array(self, name: str) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = self._onnx.numpy_helper.to_array(self._constants[name])
        return values


def _needed(nodes: list[Any], wanted: set[str]) -> list[Any]:
    """Nodes that the wanted tensors depend on, in order; `nodes` is sorted already."""
    kept = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]
