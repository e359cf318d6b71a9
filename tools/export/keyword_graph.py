"""From a trained network to an int8 .tflite: fold, calibrate, quantize, write.

`fold` merges batch normalisation and input scaling into the convolutions and leaves
plain arrays; `run_float` computes the folded network and names every tensor, which
serves calibration and the comparison of float with int8; `build` writes the graph.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from tools.export.folding import Layer, fold_input, fold_norm, range_quantization
from tools.export.tflite_writer import GraphBuilder, Quantization, quantize_layer
from tools.export.tflite_writer import Tensor as GraphTensor
from tools.train.network import Film, Network
from tools.train.sampling import BOUNDARY_UNIT
from tools.train.shape import N_STATE, Shape

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
    scales: list[Layer]  # FiLM: embedding -> scale, one a block
    shifts: list[Layer]
    head: Layer
    outputs: dict[str, Layer]


def _film_layers(film: Film, embedding: int) -> tuple[Layer, Layer]:
    channels = len(film.scale)
    weights = (
        film.project.weight if film.project is not None else torch.zeros(2 * channels, embedding)
    )
    return (Layer(weights[:channels, :, None], film.scale),
            Layer(weights[channels:, :, None], film.shift))  # fmt: skip


@torch.no_grad()
def fold(network: Network, word: int) -> Folded:
    """Fold the network with the head of one word."""
    network.eval()
    shape = network.shape
    stem1 = fold_input(
        fold_norm(network.stem1, network.norm1), network.input_offset, network.input_scale
    )
    films = [_film_layers(b.film, shape.embedding) for b in network.blocks]
    head = network.heads[word]
    out = head["out"]
    units = {"logits": 1.0, "start": BOUNDARY_UNIT, "end": BOUNDARY_UNIT}
    return Folded(
        shape=shape,
        stem1=stem1,
        stem2=fold_norm(network.stem2, network.norm2),
        blocks=[fold_norm(b.conv, b.norm) for b in network.blocks],
        embed=Layer(network.state.weight[..., None], network.state.bias),
        scales=[scale for scale, _ in films],
        shifts=[shift for _, shift in films],
        head=fold_norm(head["conv"], head["norm"]),
        outputs={
            name: Layer(out.weight[i : i + 1] * unit, out.bias[i : i + 1] * unit)
            for i, (name, unit) in enumerate(units.items())
        },
    )


@torch.no_grad()
def run_float(net: Folded, features: Tensor, state: Tensor) -> dict[str, Tensor]:
    """Every tensor of the graph by name, (batch, channels, steps), in float32."""
    shape, t = net.shape, {"features": features, "state": state[..., None]}

    def conv(x: str, layer: Layer, stride: int = 1, dilation: int = 1) -> Tensor:
        return functional.conv1d(t[x], layer.weights, layer.bias, stride, 0, dilation)

    t["stem1"] = functional.relu(conv("features", net.stem1, stride=2))
    t["stem2"] = functional.relu(conv("stem1", net.stem2, stride=2))
    t["embedding"] = functional.relu(conv("state", net.embed))
    x = "stem2"
    for i, (layer, dilation) in enumerate(zip(net.blocks, shape.dilations)):
        b = f"block{i}"
        t[f"{b}/scale"], t[f"{b}/shift"] = (
            conv("embedding", net.scales[i]),
            conv("embedding", net.shifts[i]),
        )
        t[f"{b}/conv"] = conv(x, layer, dilation=dilation)
        t[f"{b}/scaled"] = t[f"{b}/conv"] * t[f"{b}/scale"]
        t[f"{b}/film"] = t[f"{b}/scaled"] + t[f"{b}/shift"]
        t[b] = functional.relu(t[x][..., 2 * dilation :] + t[f"{b}/film"])
        x = b
    t["head"] = functional.relu(conv(x, net.head, dilation=shape.head_dilation))
    t["joined"] = t["head"]
    if shape.concatenate:
        t["joined"] = torch.cat([t["head"], t["embedding"].expand(-1, -1, t["head"].shape[-1])], 1)
    for name, layer in net.outputs.items():
        t[name] = conv("joined", layer)
    return t


Ranges = dict[str, tuple[float, float]]


def calibrate(net: Folded, batches: Iterable[tuple[Tensor, Tensor]]) -> Ranges:
    """Smallest and largest value of every tensor over (features, state) batches."""
    ranges: Ranges = {}
    for features, state in batches:
        for name, value in run_float(net, features, state).items():
            low, high = ranges.get(name, (0.0, 0.0))
            ranges[name] = (min(low, float(value.min())), max(high, float(value.max())))
    return ranges


def build(net: Folded, ranges: Ranges, description: str) -> bytes:
    """Write the int8 graph; inputs features and state, outputs logits, start and end."""
    shape = net.shape
    ranges = dict(ranges)
    ranges["logits"] = (max(ranges["logits"][0], _LOGIT_RANGE[0]),
                        min(max(ranges["logits"][1], 2.0), _LOGIT_RANGE[1]))  # fmt: skip
    joined = range_quantization(*ranges["joined"])
    graph = GraphBuilder(description)

    def quantization(name: str) -> Quantization:
        # What is concatenated must share one scale.
        shared = shape.concatenate and name in ("head", "embedding")
        return joined if shared else range_quantization(*ranges[name])

    def conv(x: GraphTensor, layer: Layer, name: str, activation: str, stride: int = 1,
             dilation: int = 1) -> GraphTensor:  # fmt: skip
        weights = layer.weights.detach().numpy().transpose(0, 2, 1)[:, :, None, :]
        values = _quantize(x, weights, layer)
        return graph.conv_2d(x, *values, name, quantization(name), stride=(stride, 1),
                             dilation=(dilation, 1), activation=activation)  # fmt: skip

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
