"""From the trained network to an int8 .tflite: fold, calibrate, quantize, write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pywakeword.training.export.folding import Layer, fold_input, fold_norm, range_quantization
from pywakeword.training.export.tflite_writer import GraphBuilder, quantize_layer
from pywakeword.training.export.tflite_writer import Tensor as GraphTensor
from tools.vad.networks.network import Network, Shape

# Beyond these a posterior is 0 or 1 anyway; a tighter range gives finer steps between.
_LOGIT_RANGE = (-10.0, 10.0)


@dataclass
class Folded:
    """The network as plain convolutions, normalisation and input scaling merged in."""

    shape: Shape
    stem1: Layer
    stem2: Layer
    blocks: list[Layer]
    out: Layer


@torch.no_grad()
def fold(network: Network) -> Folded:
    """Fold the network."""
    network.eval()
    stem1 = fold_input(
        fold_norm(network.stem1, network.norm1), network.input_offset, network.input_scale
    )
    return Folded(
        shape=network.shape,
        stem1=stem1,
        stem2=fold_norm(network.stem2, network.norm2),
        blocks=[fold_norm(b.conv, b.norm) for b in network.blocks],
        out=Layer(network.out.weight, network.out.bias),
    )


@torch.no_grad()
def run_float(net: Folded, features: Tensor) -> dict[str, Tensor]:
    """Every tensor of the graph by name, (batch, channels, steps), in float32."""
    t = {"features": features}

    def conv(x: str, layer: Layer, stride: int = 1, dilation: int = 1) -> Tensor:
        return functional.conv1d(t[x], layer.weights, layer.bias, stride, 0, dilation)

    t["stem1"] = functional.relu(conv("features", net.stem1, stride=2))
    t["stem2"] = functional.relu(conv("stem1", net.stem2, stride=2))
    x = "stem2"
    for i, (layer, dilation) in enumerate(zip(net.blocks, net.shape.dilations)):
        t[f"block{i}/conv"] = conv(x, layer, dilation=dilation)
        t[f"block{i}"] = functional.relu(t[x][..., 2 * dilation :] + t[f"block{i}/conv"])
        x = f"block{i}"
    t["logits"] = conv(x, net.out)
    return t


Ranges = dict[str, tuple[float, float]]


def calibrate(net: Folded, batches: Iterable[Tensor]) -> Ranges:
    """Range of every tensor: the extremes, or where 1 in 100,000 values lies beyond."""
    seen: dict[str, list[np.ndarray]] = {}
    for features in batches:
        for name, value in run_float(net, features).items():
            flat = value.flatten()
            seen.setdefault(name, []).append(flat[:: max(1, len(flat) // 200_000)].numpy())
    ranges = {}
    for name, parts in seen.items():
        low, high = np.quantile(np.concatenate(parts), (1e-5, 1 - 1e-5))
        ranges[name] = (min(0.0, float(low)), max(0.0, float(high)))
    return ranges


def build(net: Folded, ranges: Ranges, description: str) -> bytes:
    """Write the int8 graph; input features, output logits."""
    shape = net.shape
    ranges = {**ranges, "logits": _LOGIT_RANGE}
    graph = GraphBuilder(description)

    def conv(
        x: GraphTensor, layer: Layer, name: str, activation: str, stride: int = 1, dilation: int = 1
    ) -> GraphTensor:
        assert x.quantization is not None
        weights = layer.weights.detach().numpy().transpose(0, 2, 1)[:, :, None, :]
        values = quantize_layer(
            weights, layer.bias.detach().numpy(), input_scale=x.quantization.scale
        )
        out = range_quantization(*ranges[name])
        return graph.conv_2d(
            x, *values, name, out, stride=(stride, 1), dilation=(dilation, 1), activation=activation
        )

    x = graph.input(
        "features", (1, shape.window_frames, 1, 64), range_quantization(*ranges["features"])
    )
    x = conv(x, net.stem1, "stem1", "relu", stride=2)
    x = conv(x, net.stem2, "stem2", "relu", stride=2)
    for i, (layer, dilation) in enumerate(zip(net.blocks, shape.dilations)):
        y = conv(x, layer, f"block{i}/conv", "none", dilation=dilation)
        skip = graph.crop_oldest(x, 2 * dilation, f"block{i}/skip")
        x = graph.add(skip, y, f"block{i}", range_quantization(*ranges[f"block{i}"]), "relu")
    weights = net.out.weights.detach().numpy()[..., 0]
    assert x.quantization is not None
    values = quantize_layer(
        weights, net.out.bias.detach().numpy(), input_scale=x.quantization.scale
    )
    flat = graph.reshape(x, (1, shape.channels), "flat")
    graph.output(
        graph.fully_connected(flat, *values, "logits", range_quantization(*ranges["logits"]))
    )
    return graph.to_bytes()
