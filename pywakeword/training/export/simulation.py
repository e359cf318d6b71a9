"""The rounding of the int8 graph in float32, with gradients: for quantisation-aware training."""

from __future__ import annotations

import torch
from torch import Tensor

from pywakeword.training.export.keyword_graph import Ranges, tensor_quantization


class Simulated:
    """Rounds tensors to the steps of their range and weights to those of their channel."""

    def __init__(self, ranges: Ranges, *, concatenate: bool) -> None:
        self._ranges, self._concatenate = ranges, concatenate

    def tensor(self, name: str, value: Tensor) -> Tensor:
        """Round to the int8 steps of this tensor; values beyond its range are clipped."""
        q = tensor_quantization(name, self._ranges, concatenate=self._concatenate)
        return torch.fake_quantize_per_tensor_affine(value, q.scale, q.zero_point, -128, 127)

    def weights(self, value: Tensor) -> Tensor:
        """Round to 127 steps either side of 0, for every output channel."""
        scale = value.detach().abs().flatten(1).amax(dim=1).clamp_min(1e-8) / 127
        zeros = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(value, scale, zeros, 0, -127, 127)
