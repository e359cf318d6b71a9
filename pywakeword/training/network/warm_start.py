"""Start training from int8 models instead of from random weights.

A `.tflite` of this kit holds the whole network of one word, with batch normalisation folded
into the convolutions. `load_models` writes the weights back; `restore_normalisation` then
measures the statistics of every layer and splits them off again, so that training goes on
with ordinary batch normalisation. The function of the network stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from torch import Tensor, nn

from pywakeword.training.network.network import Block, Network
from pywakeword.training.network.sampling import BOUNDARY_UNIT

_UNITS = {"logits": 1.0, "start": BOUNDARY_UNIT, "end": BOUNDARY_UNIT}

Constants = dict[str, Tensor]


def read_constants(path: Path) -> Constants:
    """Return the weights and biases of a `.tflite`, as float32, by name."""
    model = schema.ModelT.InitFromPackedBuf(bytearray(path.read_bytes()), 0)
    kinds = {schema.TensorType.INT8: np.int8, schema.TensorType.INT32: np.int32}
    constants: Constants = {}
    for tensor in model.subgraphs[0].tensors:
        name = tensor.name.decode()
        data = model.buffers[tensor.buffer].data
        if data is None or not name.endswith(("/weights", "/bias")):
            continue
        values = np.frombuffer(bytes(data), kinds[tensor.type]).reshape(tensor.shape)
        scales = np.asarray(tensor.quantization.scale, np.float32)
        # Every scale belongs to one slice of the first axis.
        scales = scales.reshape(-1, *[1] * (values.ndim - 1))
        constants[name] = torch.from_numpy(values.astype(np.float32) * scales)
    return constants


@torch.no_grad()
def load_models(network: Network, models: Sequence[Path]) -> None:
    """Load the trunk of the first model, and the head of every model into its word's place.

    Parameters
    ----------
    network : Network
        Of the same size as the models. Its words are matched with the models' file names,
        without `-small`; a word without a model keeps its random head.
    models : sequence of Path
        `.tflite` files that share one trunk.

    Raises
    ------
    ValueError
        If a model has another size, or another trunk than the first.
    """
    trunk: Constants = {}
    for path in models:
        constants = read_constants(path)
        shared = {n: v for n, v in constants.items() if n.startswith(("stem", "block", "embed"))}
        if not trunk:
            trunk = shared
            _load_trunk(network, trunk, path)
        elif any(not torch.equal(trunk[n], v) for n, v in shared.items()):
            raise ValueError(f"{path}: another trunk than that of {models[0]}")
        word = path.stem.removesuffix("-small")
        if word in network.shape.words:
            _load_head(network, network.shape.words.index(word), constants)


@torch.no_grad()
def load_heads(network: Network, models: Sequence[Path]) -> None:
    """Load the head of every model into its word's place, whatever the model's trunk."""
    for path in models:
        word = path.stem.removesuffix("-small")
        _load_head(network, network.shape.words.index(word), read_constants(path))


def _load_trunk(network: Network, c: Constants, path: Path) -> None:
    wanted = (network.shape.channels, network.shape.stem_kernel, 1, network.shape.stem_channels)
    if tuple(c["stem2/weights"].shape) != wanted:
        raise ValueError(f"{path}: the model is of another size")
    network.state.weight.copy_(c["embedding/weights"])
    network.state.bias.copy_(c["embedding/bias"])
    # The first layer takes (features + offset) * scale: undo what folding merged.
    weights = _kernel(c["stem1/weights"])
    bias = c["stem1/bias"] - (weights * network.input_offset).sum(dim=(1, 2))
    _set_layer(network.stem1, network.norm1, weights / network.input_scale, bias)
    _set_layer(network.stem2, network.norm2, _kernel(c["stem2/weights"]), c["stem2/bias"])
    for i, block in enumerate(network.each_block()):
        name = f"block{i}"
        weights, bias = c[f"{name}/conv/weights"], c[f"{name}/conv/bias"]
        _set_layer(block.conv, block.norm, _kernel(weights), bias)
        block.film.scale.copy_(c[f"{name}/scale/bias"])
        block.film.shift.copy_(c[f"{name}/shift/bias"])
        if block.film.project is not None:
            parts = [c[f"{name}/scale/weights"], c[f"{name}/shift/weights"]]
            block.film.project.weight.copy_(torch.cat(parts))


def _load_head(network: Network, index: int, c: Constants) -> None:
    conv, norm, out = network.head_layers(index)
    assert out.bias is not None
    _set_layer(conv, norm, _kernel(c["head/weights"]), c["head/bias"])
    for row, (name, unit) in enumerate(_UNITS.items()):
        out.weight[row] = c[f"{name}/weights"][0, :, None] / unit
        out.bias[row] = c[f"{name}/bias"][0] / unit


def _kernel(weights: Tensor) -> Tensor:
    """(out, kernel, 1, in) of the file to (out, in, kernel) of PyTorch."""
    return weights[:, :, 0].transpose(1, 2)


def _set_layer(conv: nn.Conv1d, norm: nn.BatchNorm1d, weights: Tensor, bias: Tensor) -> None:
    """Write a folded layer; the normalisation behind it only adds the bias."""
    conv.weight.copy_(weights)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(-bias)
    norm.running_var.fill_(1 - norm.eps)
    if norm.affine:
        norm.weight.fill_(1)
        norm.bias.fill_(0)


@torch.no_grad()
def restore_normalisation(network: Network, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Give every normalisation the statistics of its layer, without changing the function.

    `batches` are (features, state), mixed as in training.
    """
    network.eval()
    pairs = _normalised(network)
    moments = [_Moments() for _ in pairs]
    hooks = [conv.register_forward_hook(m.add) for (conv, _, _), m in zip(pairs, moments)]
    for features, state in batches:
        network(features, state)
    for hook in hooks:
        hook.remove()
    for (_, norm, block), moment in zip(pairs, moments):
        mean = moment.total / moment.count
        variance = (moment.squares / moment.count - mean**2).clamp_min(1e-4)
        _split_off(norm, block, mean, variance)


class _Moments:
    """Sums over everything that a layer gives."""

    def __init__(self) -> None:
        self.total, self.squares, self.count = torch.zeros(()), torch.zeros(()), 0

    def add(self, _: nn.Module, __: object, y: Tensor) -> None:
        """Be the hook of a layer that gives (batch, channels, steps)."""
        self.total = self.total + y.sum(dim=(0, 2))
        self.squares = self.squares + (y**2).sum(dim=(0, 2))
        self.count += y.shape[0] * y.shape[2]


def _normalised(network: Network) -> list[tuple[nn.Conv1d, nn.BatchNorm1d, Block | None]]:
    pairs: list[tuple[nn.Conv1d, nn.BatchNorm1d, Block | None]] = [
        (network.stem1, network.norm1, None),
        (network.stem2, network.norm2, None),
    ]
    pairs += [(block.conv, block.norm, block) for block in network.each_block()]
    for i in range(len(network.shape.words)):
        conv, norm, _ = network.head_layers(i)
        pairs.append((conv, norm, None))
    return pairs


def _split_off(norm: nn.BatchNorm1d, block: Block | None, mean: Tensor, variance: Tensor) -> None:
    """Replace the statistics; what they change moves into the affine part or into FiLM."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    old_gain = (norm.running_var + norm.eps).rsqrt()
    old_shift = -norm.running_mean * old_gain
    spread = (variance + norm.eps).sqrt()
    # Before: gain * x + shift. After: x = spread * normalised + mean.
    gain, shift = old_gain * spread, old_gain * mean + old_shift
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    if norm.affine:
        norm.bias.add_(norm.weight * shift)
        norm.weight.mul_(gain)
        return
    assert block is not None
    film = block.film
    film.shift.add_(film.scale * shift)
    film.scale.mul_(gain)
    if film.project is not None:
        c = len(film.scale)
        film.project.weight[c:] += film.project.weight[:c] * shift[:, None]
        film.project.weight[:c] *= gain[:, None]
