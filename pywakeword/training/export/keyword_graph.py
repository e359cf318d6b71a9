"""From a trained network to an int8 .tflite: fold, calibrate, quantize, write.

`fold` merges batch normalisation and input scaling into the convolutions and leaves
plain arrays; `run_float` computes the folded network and names every tensor, which
serves calibration and the comparison of float with int8; `build` writes the graph.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from pywakeword.training.export.folding import Layer, fold_input, fold_norm, range_quantization
from pywakeword.training.export.tflite_writer import GraphBuilder, Quantization, quantize_layer
from pywakeword.training.export.tflite_writer import Tensor as GraphTensor
from pywakeword.training.material.features import INPUT_FLOOR
from pywakeword.training.network.network import Film, Network
from pywakeword.training.network.sampling import BOUNDARY_UNIT
from pywakeword.training.network.shape import N_STATE, Shape

# Beyond these a posterior is 0 or 1 anyway; a tighter range gives finer steps between.
_LOGIT_RANGE = (-14.0, 14.0)


@dataclass
class Folded:
    """One word's network as plain layers."""

    shape: Shape
    stem1: Layer
    stem2: Layer
    blocks: list[Layer]
    embed: Layer
    scales: list[Layer]  # FiLM: embedding -> scale, one per block
    shifts: list[Layer]
    head: Layer
    outputs: dict[str, Layer]


def _film_layers(film: Film, embedding: int) -> tuple[Layer, Layer]:
    channels = len(film.scale)
    weights = (
        film.project.weight if film.project is not None else torch.zeros(2 * channels, embedding)
    )
    return (
        Layer(weights[:channels, :, None], film.scale),
        Layer(weights[channels:, :, None], film.shift),
    )


def fold(network: Network, word: int) -> Folded:
    """Fold the network with the head of one word; gradients flow through."""
    shape = network.shape
    stem1 = fold_input(
        fold_norm(network.stem1, network.norm1), network.input_offset, network.input_scale
    )
    films = [_film_layers(b.film, shape.embedding) for b in network.each_block()]
    head_conv, head_norm, out = network.head_layers(word)
    assert out.bias is not None
    units = {"logits": 1.0, "start": BOUNDARY_UNIT, "end": BOUNDARY_UNIT}
    return Folded(
        shape=shape,
        stem1=stem1,
        stem2=fold_norm(network.stem2, network.norm2),
        blocks=[fold_norm(b.conv, b.norm) for b in network.each_block()],
        embed=Layer(network.state.weight[..., None], network.state.bias),
        scales=[scale for scale, _ in films],
        shifts=[shift for _, shift in films],
        head=fold_norm(head_conv, head_norm),
        outputs={
            name: Layer(out.weight[i : i + 1] * unit, out.bias[i : i + 1] * unit)
            for i, (name, unit) in enumerate(units.items())
        },
    )


class Values(Protocol):
    """What becomes of tensors and weights on their way, see `simulation.py`."""

    def tensor(self, name: str, value: Tensor) -> Tensor:
        """Return what the layers after it see."""

    def weights(self, value: Tensor) -> Tensor:
        """Return the weights that a layer uses."""


class Exact:
    """Everything as it is, in float32."""

    def tensor(self, name: str, value: Tensor) -> Tensor:
        """Return `value`."""
        return value

    def weights(self, value: Tensor) -> Tensor:
        """Return `value`."""
        return value


def run_float(
    net: Folded, features: Tensor, state: Tensor, values: Values | None = None
) -> dict[str, Tensor]:
    """Every tensor of the graph by name, (batch, channels, steps), in float32."""
    return run_head(net, run_trunk(net, features, state, values), values)


def run_trunk(
    net: Folded, features: Tensor, state: Tensor, values: Values | None = None
) -> dict[str, Tensor]:
    """Every tensor up to the head; equal for words that share a trunk."""
    seen = values or Exact()
    # The int8 input clips there, because its range begins there.
    features = features.clamp_min(INPUT_FLOOR)
    t = {"features": seen.tensor("features", features), "state": state[..., None]}
    _conv(t, seen, "stem1", "features", net.stem1, stride=2, relu=True)
    _conv(t, seen, "stem2", "stem1", net.stem2, stride=2, relu=True)
    _conv(t, seen, "embedding", "state", net.embed, relu=True)
    x = "stem2"
    for i, (layer, dilation) in enumerate(zip(net.blocks, net.shape.dilations)):
        b = f"block{i}"
        _conv(t, seen, f"{b}/scale", "embedding", net.scales[i])
        _conv(t, seen, f"{b}/shift", "embedding", net.shifts[i])
        _conv(t, seen, f"{b}/conv", x, layer, dilation=dilation)
        t[f"{b}/scaled"] = seen.tensor(f"{b}/scaled", t[f"{b}/conv"] * t[f"{b}/scale"])
        t[f"{b}/film"] = seen.tensor(f"{b}/film", t[f"{b}/scaled"] + t[f"{b}/shift"])
        total = functional.relu(t[x][..., 2 * dilation :] + t[f"{b}/film"])
        t[b] = seen.tensor(b, total)
        x = b
    return t


def run_head(
    net: Folded, trunk: dict[str, Tensor], values: Values | None = None
) -> dict[str, Tensor]:
    """Add the tensors of the head of the word to those of the trunk."""
    shape, seen, t = net.shape, values or Exact(), dict(trunk)
    last = f"block{len(net.blocks) - 1}" if net.blocks else "stem2"
    _conv(t, seen, "head", last, net.head, dilation=shape.head_dilation, relu=True)
    t["joined"] = t["head"]
    if shape.concatenate:
        t["joined"] = torch.cat([t["head"], t["embedding"].expand(-1, -1, t["head"].shape[-1])], 1)
    for name, layer in net.outputs.items():
        _conv(t, seen, name, "joined", layer)
    return t


def _conv(
    t: dict[str, Tensor],
    seen: Values,
    name: str,
    x: str,
    layer: Layer,
    *,
    stride: int = 1,
    dilation: int = 1,
    relu: bool = False,
) -> None:
    y = functional.conv1d(t[x], seen.weights(layer.weights), layer.bias, stride, 0, dilation)
    t[name] = seen.tensor(name, functional.relu(y) if relu else y)


Ranges = dict[str, tuple[float, float]]


@torch.no_grad()
def calibrate(
    net: Folded, batches: Iterable[tuple[Tensor, Tensor]], *, clipped: float = 1e-5
) -> Ranges:
    """Range of every tensor over (features, state) batches.

    Inside the network a share `clipped` of the values is left out at either end: the few
    largest would make the steps between all the others coarse. Inputs and outputs keep theirs.
    """
    lows: dict[str, list[float]] = {}
    highs: dict[str, list[float]] = {}
    for features, state in batches:
        for name, value in run_float(net, features, state).items():
            inner = name not in ("features", *net.outputs)
            ends = (clipped, 1 - clipped) if inner else (0.0, 1.0)
            low, high = torch.quantile(value.flatten(), torch.tensor(ends)).tolist()
            lows.setdefault(name, []).append(low)
            highs.setdefault(name, []).append(high)
    ranges: Ranges = {}
    for name in lows:
        inner = name not in ("features", *net.outputs)
        low = sum(lows[name]) / len(lows[name]) if inner else min(lows[name])
        high = sum(highs[name]) / len(highs[name]) if inner else max(highs[name])
        ranges[name] = (min(0.0, low), max(0.0, high))
    return ranges


def tensor_quantization(name: str, ranges: Ranges, *, concatenate: bool) -> Quantization:
    """Return scale and zero point of a tensor of the graph."""
    if concatenate and name in ("head", "embedding", "joined"):
        return range_quantization(*ranges["joined"])  # what is concatenated must share one scale
    low, high = ranges[name]
    if name == "logits":
        low, high = max(low, _LOGIT_RANGE[0]), min(max(high, 2.0), _LOGIT_RANGE[1])
    return range_quantization(low, high)


def build(net: Folded, ranges: Ranges, description: str) -> bytes:
    """Write the int8 graph; inputs features and state, outputs logits, start and end."""
    shape = net.shape
    graph = GraphBuilder(description)

    def quantization(name: str) -> Quantization:
        return tensor_quantization(name, ranges, concatenate=shape.concatenate)

    def conv(
        x: GraphTensor, layer: Layer, name: str, activation: str, stride: int = 1, dilation: int = 1
    ) -> GraphTensor:
        weights = layer.weights.detach().numpy().transpose(0, 2, 1)[:, :, None, :]
        values = _quantize(x, weights, layer)
        return graph.conv_2d(
            x,
            *values,
            name,
            quantization(name),
            stride=(stride, 1),
            dilation=(dilation, 1),
            activation=activation,
        )

    def dense(x: GraphTensor, layer: Layer, name: str, activation: str = "none") -> GraphTensor:
        values = _quantize(x, layer.weights.detach().numpy()[..., 0], layer)
        return graph.fully_connected(x, *values, name, quantization(name), activation=activation)

    features = graph.input("features", (1, shape.window_frames, 1, 64), quantization("features"))
    state = graph.input("state", (1, sum(N_STATE)), Quantization(1.0, 0))
    embedding = dense(state, net.embed, "embedding", "relu")
    x = conv(features, net.stem1, "stem1", "relu", stride=2)
    x = conv(x, net.stem2, "stem2", "relu", stride=2)
    for i, (layer, dilation) in enumerate(zip(net.blocks, shape.dilations)):
        b = f"block{i}"
        scale = dense(embedding, net.scales[i], f"{b}/scale")
        shift = dense(embedding, net.shifts[i], f"{b}/shift")
        y = conv(x, layer, f"{b}/conv", "none", dilation=dilation)
        y = graph.mul(y, scale, f"{b}/scaled", quantization(f"{b}/scaled"))
        y = graph.add(y, shift, f"{b}/film", quantization(f"{b}/film"))
        skip = graph.crop_oldest(x, 2 * dilation, f"{b}/skip")
        x = graph.add(skip, y, b, quantization(b), "relu")
    x = conv(x, net.head, "head", "relu", dilation=shape.head_dilation)
    x = graph.reshape(x, (1, shape.head_channels), "flat")
    if shape.concatenate:
        x = graph.concatenation([x, embedding], "joined")
    for name, layer in net.outputs.items():
        graph.output(dense(x, layer, name))
    return graph.to_bytes()


def _quantize(
    x: GraphTensor, weights: npt.NDArray[np.float32], layer: Layer
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    assert x.quantization is not None
    return quantize_layer(weights, layer.bias.detach().numpy(), input_scale=x.quantization.scale)
