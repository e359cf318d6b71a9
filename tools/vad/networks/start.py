"""Start a network from an exported model: int8 weights as floats, normalisation at rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tools.vad.networks.network import Network


@torch.no_grad()
def start_from(network: Network, model: Path) -> None:
    """Give the network the weights of `model`, which `graph.build` wrote, folded.

    The normalisations then only shift: keep them in evaluation mode while training.
    """
    layers = _layers(model)
    weights, bias = layers["stem1"]
    offset, scale = network.input_offset.item(), network.input_scale.item()
    bias = bias - weights.sum(axis=(1, 2)) * offset
    _set(network.stem1, network.norm1, weights / scale, bias)
    _set(network.stem2, network.norm2, *layers["stem2"])
    for index, block in enumerate(network.blocks):
        _set(block.conv, block.norm, *layers[f"block{index}/conv"])
    weights, bias = layers["logits"]
    network.out.weight.copy_(torch.from_numpy(weights))
    assert network.out.bias is not None
    network.out.bias.copy_(torch.from_numpy(bias))


def _set(
    conv: nn.Conv1d,
    norm: nn.BatchNorm1d,
    weights: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
) -> None:
    conv.weight.copy_(torch.from_numpy(weights))
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.fill_(1)
    norm.bias.copy_(torch.from_numpy(bias))


def _layers(
    model: Path,
) -> dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Weights (out, in, kernel) and biases of each layer, by its name."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(model))
    interpreter.allocate_tensors()
    found = {d["name"]: d for d in interpreter.get_tensor_details()}

    def values(name: str) -> npt.NDArray[np.float32]:
        detail = found[name]
        raw = interpreter.get_tensor(detail["index"]).astype(np.float64)
        scales = detail["quantization_parameters"]["scales"].astype(np.float64)
        return (raw * scales.reshape(-1, *[1] * (raw.ndim - 1))).astype(np.float32)

    names = [name.removesuffix("/weights") for name in found if name.endswith("/weights")]
    return {
        name: (_by_channel(values(f"{name}/weights")), values(f"{name}/bias")) for name in names
    }


def _by_channel(weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(out, kernel, 1, in) or (out, in) to (out, in, kernel)."""
    if weights.ndim == 2:
        return np.ascontiguousarray(weights[:, :, None])
    return np.ascontiguousarray(weights[:, :, 0].transpose(0, 2, 1))
