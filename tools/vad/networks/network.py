"""The voice activity network in PyTorch, layer for layer what the exporter writes.

Features (batch, 64, frames) -> two strided convolutions to 40 ms steps -> residual blocks
of dilated convolutions -> one logit a step. Every convolution is valid over time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """Sizes of the network; the card records them."""

    stem_channels: int = 24
    channels: int = 48
    stem_kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    # Each output describes frames this far before its newest one: a little future helps much.
    delay_frames: int = 4

    @property
    def stride(self) -> int:
        """Frames between two outputs."""
        return 4

    @property
    def window_frames(self) -> int:
        """Frames that one output depends on."""
        return self.stem_kernel + 2 * (self.stem_kernel - 1) + self.stride * 2 * sum(self.dilations)

    def as_json(self) -> dict[str, object]:
        """Return the sizes as they go on the card."""
        return asdict(self)


class Block(nn.Module):
    """relu(x + normalise(conv(x))), the skip cropped to the newest steps."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 3, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(channels, momentum=0.03)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, steps), shortened by the reach of the convolution."""
        y = self.norm(self.conv(x))
        return functional.relu(x[..., x.shape[-1] - y.shape[-1] :] + y)


class Network(nn.Module):
    """See the module's docstring."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        k, s, c = shape.stem_kernel, shape.stem_channels, shape.channels
        # Log energies lie in [-13.8, 8]: centred and scaled so that the first weights are ordinary.
        self.register_buffer("input_offset", torch.tensor(6.0))
        self.register_buffer("input_scale", torch.tensor(0.25))
        self.stem1, self.norm1 = (
            nn.Conv1d(64, s, k, stride=2, bias=False),
            nn.BatchNorm1d(s, momentum=0.03),
        )
        self.stem2, self.norm2 = (
            nn.Conv1d(s, c, k, stride=2, bias=False),
            nn.BatchNorm1d(c, momentum=0.03),
        )
        self.blocks = nn.ModuleList(Block(c, d) for d in shape.dilations)
        self.out = nn.Conv1d(c, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(batch, 64, frames) to logits (batch, steps)."""
        x = (features + self.input_offset) * self.input_scale
        x = functional.relu(self.norm1(self.stem1(x)))
        x = functional.relu(self.norm2(self.stem2(x)))
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.out(x)
        return logits[:, 0]


def targets(labels: Tensor, n_outputs: int, shape: Shape) -> Tensor:
    """Share of speech in the frames that each of the last `n_outputs` outputs describes.

    `labels` (batch, frames) of 0 and 1, the last frame being the newest of the last
    output; its number and the delay are whole strides.
    """
    steps = labels.unfold(1, shape.stride, shape.stride).mean(dim=2)
    end = steps.shape[1] - shape.delay_frames // shape.stride
    return steps[:, end - n_outputs : end]
