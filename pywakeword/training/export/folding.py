"""What every exporter needs between PyTorch and the graph writer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from pywakeword.training.export.tflite_writer import Quantization


@dataclass
class Layer:
    """Weights (out, in, kernel) and bias (out,) of a convolution or linear layer."""

    weights: Tensor
    bias: Tensor


def fold_norm(conv: nn.Conv1d, norm: nn.BatchNorm1d) -> Layer:
    """Merge the batch normalisation behind a convolution without bias into it."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    inverse = (norm.running_var + norm.eps).rsqrt()
    gain = inverse if norm.weight is None else inverse * norm.weight
    shift = -norm.running_mean * gain + (0 if norm.bias is None else norm.bias)
    return Layer(conv.weight * gain[:, None, None], shift)


def fold_input(layer: Layer, offset: Tensor, scale: Tensor) -> Layer:
    """Merge (x + offset) * scale before a layer into it."""
    weights = layer.weights * scale
    return Layer(weights, layer.bias + (weights * offset).sum(dim=(1, 2)))


def range_quantization(low: float, high: float) -> Quantization:
    """Spread the int8 values over [low, high], which holds 0."""
    scale = max(high - low, 1e-6) / 255
    return Quantization(
        float(np.float32(scale)), int(np.clip(round(-128 - low / scale), -128, 127))
    )
