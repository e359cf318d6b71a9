"""Compose an int8 .tflite graph operator by operator.

Only the operators that the core runs have a method; `GraphBuilder.operator` appends
any other, which is what tests of refusals need. Shapes of results are inferred, so a
graph that does not fit together fails here and not in an interpreter.

Layout of weights is TFLite's: convolution (out, height, width, in), depthwise
(1, height, width, out), fully connected (out, in). Time is the height axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

Pair = tuple[int, int]

_ACTIVATIONS = {
    "none": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
}
_PADDINGS = {"valid": schema.Padding.VALID, "same": schema.Padding.SAME}
# An operator with int8 operands needs at least this version of its code.
_VERSIONS = {
    schema.BuiltinOperator.ADD: 2,
    schema.BuiltinOperator.CONCATENATION: 2,
    schema.BuiltinOperator.CONV_2D: 3,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D: 3,
    schema.BuiltinOperator.FULLY_CONNECTED: 4,
    schema.BuiltinOperator.MUL: 2,
    schema.BuiltinOperator.RELU: 2,
    schema.BuiltinOperator.SLICE: 2,
}
_FILE_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Quantization:
    """real = scale * (q - zero_point), one scale for the whole tensor."""

    scale: float
    zero_point: int = 0


@dataclass(frozen=True)
class Tensor:
    """Handle to one tensor of the graph being built."""

    index: int
    name: str
    shape: tuple[int, ...]
    quantization: Quantization | None = field(default=None, compare=False)


def quantize_weights(
    weights: npt.ArrayLike, *, axis: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantize weights symmetrically to [-127, 127], one scale per slice of `axis`.

    Returns
    -------
    values : ndarray of int8, the shape of `weights`
    scales : (weights.shape[axis],) ndarray of float32
    """
    array = np.asarray(weights, dtype=np.float64)
    others = tuple(i for i in range(array.ndim) if i != axis)
    peak = np.abs(array).max(axis=others, keepdims=True)
    # A slice of zeros has no scale of its own; any positive one represents it.
    scales = np.where(peak > 0, peak / 127, 1e-6).astype(np.float32)
    values = np.clip(np.rint(array / scales), -127, 127).astype(np.int8)
    return values, scales.reshape(-1)


def quantize_bias(
    bias: npt.ArrayLike, *, input_scale: float, weight_scales: npt.NDArray[np.float32]
) -> npt.NDArray[np.int32]:
    """Quantize a bias with the scale of the accumulator, input_scale * weight_scale."""
    scales = np.float64(np.float32(input_scale)) * weight_scales.astype(np.float64)
    limits = np.iinfo(np.int32)
    scaled = np.rint(np.asarray(bias, dtype=np.float64) / scales)
    return np.clip(scaled, limits.min, limits.max).astype(np.int32)


def quantize_layer(
    weights: npt.ArrayLike, bias: npt.ArrayLike, *, input_scale: float, axis: int = 0
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Weights, weight scales and bias of a layer, ready for `GraphBuilder`."""
    values, scales = quantize_weights(weights, axis=axis)
    return values, scales, quantize_bias(bias, input_scale=input_scale, weight_scales=scales)


class GraphBuilder:
    """Builds one int8 graph. Every method that appends an operator returns its result.

    Runtimes find inputs and outputs by name, so names matter.
    """

    def __init__(self, description: str = "") -> None:
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.description = description
        # Buffer 0 is, by convention of the format, the empty one.
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        self._graph = schema.SubGraphT()
        self._graph.name = "main"
        self._graph.tensors = []
        self._graph.operators = []
        self._graph.inputs = []
        self._graph.outputs = []
        self._model.subgraphs = [self._graph]

    def input(self, name: str, shape: Sequence[int], quantization: Quantization) -> Tensor:
        """Append a graph input of int8."""
        tensor = self.tensor(name, shape, quantization)
        self._graph.inputs.append(tensor.index)
        return tensor

    def output(self, tensor: Tensor) -> None:
        """Make `tensor` a graph output, under its name."""
        self._graph.outputs.append(tensor.index)

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        quantization: Quantization | None,
        *,
        dtype: int = schema.TensorType.INT8,
    ) -> Tensor:
        """Append an activation tensor without making it input, output or result."""
        scales = None if quantization is None else [quantization.scale]
        zero_point = 0 if quantization is None else quantization.zero_point
        return self._append(name, shape, dtype, 0, scales, zero_point, 0, quantization)

    def constant(
        self,
        name: str,
        values: npt.NDArray[Any],
        *,
        scales: Sequence[float] | npt.NDArray[np.float32] | None = None,
        zero_point: int = 0,
        axis: int = 0,
    ) -> Tensor:
        """Append a constant of int8 or int32; more than one scale means per `axis`."""
        dtypes = {"int8": schema.TensorType.INT8, "int32": schema.TensorType.INT32}
        dtype = dtypes[values.dtype.name]
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(
            values.astype(values.dtype.newbyteorder("<")).tobytes(), np.uint8
        )
        self._model.buffers.append(buffer)
        quantization = None
        if scales is not None and len(scales) == 1:
            quantization = Quantization(float(scales[0]), zero_point)
        index = len(self._model.buffers) - 1
        return self._append(
            name, values.shape, dtype, index, scales, zero_point, axis, quantization
        )

    def conv_2d(
        self,
        x: Tensor,
        weights: npt.NDArray[np.int8],
        scales: npt.NDArray[np.float32],
        bias: npt.NDArray[np.int32],
        name: str,
        quantization: Quantization,
        *,
        stride: Pair = (1, 1),
        dilation: Pair = (1, 1),
        activation: str = "none",
        padding: str = "valid",
    ) -> Tensor:
        """Convolution; `stride` and `dilation` are (time, frequency)."""
        options = schema.Conv2DOptionsT()
        self._set_window(options, stride, dilation, activation, padding)
        operands = self._layer_operands(x, weights, scales, bias, name, axis=0)
        height, width = _window_shape(x, weights.shape[1:3], stride, dilation, padding)
        out = self.tensor(name, (1, height, width, weights.shape[0]), quantization)
        self.operator(schema.BuiltinOperator.CONV_2D, operands, [out], options)
        return out

    def depthwise_conv_2d(
        self,
        x: Tensor,
        weights: npt.NDArray[np.int8],
        scales: npt.NDArray[np.float32],
        bias: npt.NDArray[np.int32],
        name: str,
        quantization: Quantization,
        *,
        stride: Pair = (1, 1),
        dilation: Pair = (1, 1),
        activation: str = "none",
        padding: str = "valid",
    ) -> Tensor:
        """Depthwise convolution; the multiplier is weights.shape[3] / channels of x."""
        options = schema.DepthwiseConv2DOptionsT()
        self._set_window(options, stride, dilation, activation, padding)
        options.depthMultiplier = weights.shape[3] // x.shape[3]
        operands = self._layer_operands(x, weights, scales, bias, name, axis=3)
        height, width = _window_shape(x, weights.shape[1:3], stride, dilation, padding)
        out = self.tensor(name, (1, height, width, weights.shape[3]), quantization)
        self.operator(schema.BuiltinOperator.DEPTHWISE_CONV_2D, operands, [out], options)
        return out

    def fully_connected(
        self,
        x: Tensor,
        weights: npt.NDArray[np.int8],
        scales: npt.NDArray[np.float32],
        bias: npt.NDArray[np.int32] | None,
        name: str,
        quantization: Quantization,
        *,
        activation: str = "none",
    ) -> Tensor:
        """Fully connected layer of a [1, n] tensor; one scale, or one per output."""
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = _ACTIVATIONS[activation]
        operands = self._layer_operands(x, weights, scales, bias, name, axis=0)
        out = self.tensor(name, (1, weights.shape[0]), quantization)
        self.operator(schema.BuiltinOperator.FULLY_CONNECTED, operands, [out], options)
        return out

    def mul(
        self, a: Tensor, b: Tensor, name: str, quantization: Quantization, activation: str = "none"
    ) -> Tensor:
        """Element-wise product; shapes broadcast as in NumPy."""
        options = schema.MulOptionsT()
        options.fusedActivationFunction = _ACTIVATIONS[activation]
        out = self.tensor(name, np.broadcast_shapes(a.shape, b.shape), quantization)
        self.operator(schema.BuiltinOperator.MUL, [a, b], [out], options)
        return out

    def add(
        self, a: Tensor, b: Tensor, name: str, quantization: Quantization, activation: str = "none"
    ) -> Tensor:
        """Element-wise sum; shapes broadcast as in NumPy."""
        options = schema.AddOptionsT()
        options.fusedActivationFunction = _ACTIVATIONS[activation]
        out = self.tensor(name, np.broadcast_shapes(a.shape, b.shape), quantization)
        self.operator(schema.BuiltinOperator.ADD, [a, b], [out], options)
        return out

    def concatenation(self, parts: Sequence[Tensor], name: str) -> Tensor:
        """Join along the last axis; all parts must have the same quantization."""
        options = schema.ConcatenationOptionsT()
        options.axis = len(parts[0].shape) - 1
        shape = (*parts[0].shape[:-1], sum(part.shape[-1] for part in parts))
        out = self.tensor(name, shape, parts[0].quantization)
        self.operator(schema.BuiltinOperator.CONCATENATION, parts, [out], options)
        return out

    def reshape(self, x: Tensor, shape: Sequence[int], name: str) -> Tensor:
        """Give the same values, in the same order, another shape."""
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        target = self.constant(f"{name}/shape", np.asarray(shape, np.int32))
        out = self.tensor(name, shape, x.quantization)
        self.operator(schema.BuiltinOperator.RESHAPE, [x, target], [out], options)
        return out

    def slice(self, x: Tensor, begin: Sequence[int], size: Sequence[int], name: str) -> Tensor:
        """Cut a box out of `x`; size -1 reaches to the end of its axis."""
        operands = [
            x,
            self.constant(f"{name}/begin", np.asarray(begin, np.int32)),
            self.constant(f"{name}/size", np.asarray(size, np.int32)),
        ]
        shape = [n - b if s == -1 else s for n, b, s in zip(x.shape, begin, size)]
        out = self.tensor(name, shape, x.quantization)
        self.operator(schema.BuiltinOperator.SLICE, operands, [out], schema.SliceOptionsT())
        return out

    def crop_oldest(self, x: Tensor, frames: int, name: str) -> Tensor:
        """Drop the first `frames` time steps: a skip connection past valid convolutions."""
        return self.slice(x, [0, frames, 0, 0], [-1, -1, -1, -1], name)

    def relu(self, x: Tensor, name: str, quantization: Quantization) -> Tensor:
        """Rectify, with a quantization of its own."""
        out = self.tensor(name, x.shape, quantization)
        self.operator(schema.BuiltinOperator.RELU, [x], [out])
        return out

    def operator(
        self,
        code: int,
        inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
        options: Any = None,
    ) -> None:
        """Append any operator; `options` is an options object of the schema."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._opcode_index(code)
        operator.inputs = [-1 if tensor is None else tensor.index for tensor in inputs]
        operator.outputs = [tensor.index for tensor in outputs]
        if options is not None:
            kind = type(options).__name__[:-1]
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self._graph.operators.append(operator)

    def to_bytes(self) -> bytes:
        """Serialize the graph as a .tflite file."""
        builder = flatbuffers.Builder(1 << 16)
        builder.Finish(self._model.Pack(builder), file_identifier=_FILE_IDENTIFIER)
        return bytes(builder.Output())

    def _append(
        self,
        name: str,
        shape: Sequence[int],
        dtype: int,
        buffer: int,
        scales: Sequence[float] | npt.NDArray[np.float32] | None,
        zero_point: int,
        axis: int,
        quantization: Quantization | None,
    ) -> Tensor:
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = [int(n) for n in shape]
        tensor.type = dtype
        tensor.buffer = buffer
        if scales is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = [float(scale) for scale in scales]
            tensor.quantization.zeroPoint = [zero_point] * len(scales)
            tensor.quantization.quantizedDimension = axis
        self._graph.tensors.append(tensor)
        index = len(self._graph.tensors) - 1
        return Tensor(index, name, tuple(tensor.shape), quantization)

    def _layer_operands(
        self,
        x: Tensor,
        weights: npt.NDArray[np.int8],
        scales: npt.NDArray[np.float32],
        bias: npt.NDArray[np.int32] | None,
        name: str,
        *,
        axis: int,
    ) -> list[Tensor | None]:
        if x.quantization is None:
            raise ValueError(f"{x.name}: the input of {name} has no quantization")
        kernel = self.constant(f"{name}/weights", weights, scales=scales, axis=axis)
        if bias is None:
            return [x, kernel]
        bias_scales = np.float32(x.quantization.scale) * np.asarray(scales, np.float32)
        return [x, kernel, self.constant(f"{name}/bias", bias, scales=bias_scales)]

    def _opcode_index(self, code: int) -> int:
        for index, known in enumerate(self._model.operatorCodes):
            if known.builtinCode == code:
                return index
        entry = schema.OperatorCodeT()
        entry.builtinCode = code
        entry.deprecatedBuiltinCode = min(code, 127)
        entry.version = _VERSIONS.get(code, 1)
        self._model.operatorCodes.append(entry)
        return len(self._model.operatorCodes) - 1

    @staticmethod
    def _set_window(
        options: Any, stride: Pair, dilation: Pair, activation: str, padding: str
    ) -> None:
        options.strideH, options.strideW = stride
        options.dilationHFactor, options.dilationWFactor = dilation
        options.fusedActivationFunction = _ACTIVATIONS[activation]
        options.padding = _PADDINGS[padding]


def _window_shape(
    x: Tensor, kernel: Sequence[int], stride: Pair, dilation: Pair, padding: str
) -> tuple[int, int]:
    same = padding == "same"
    spans = [1 if same else (k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    height, width = ((n - span) // step + 1 for n, span, step in zip(x.shape[1:3], spans, stride))
    if height < 1 or width < 1:
        raise ValueError(f"{x.name}: {x.shape} is smaller than the kernel {tuple(kernel)}")
    return height, width
