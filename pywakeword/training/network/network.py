"""The keyword network in PyTorch, layer for layer what the exporter writes.

Features (batch, 64, frames) -> two strided convolutions to 40 ms steps -> residual blocks
of dilated convolutions, each normalised by the device state (FiLM) -> trunk. On the trunk
sit the distillation head (training only) and the word heads. Every convolution is valid
over time: an output depends on exactly `window_frames` frames.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from pywakeword.training.material.features import INPUT_FLOOR
from pywakeword.training.network.shape import N_STATE, Shape


class Film(nn.Module):
    """Per-channel scale and shift, from the state embedding or learned constants."""

    def __init__(self, channels: int, embedding: int, conditional: bool) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.project = nn.Linear(embedding, 2 * channels, bias=False) if conditional else None
        if self.project is not None:
            nn.init.zeros_(self.project.weight)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """(batch, channels, steps) and the embedded state."""
        scale, shift = self.scale[None], self.shift[None]
        if self.project is not None:
            more = self.project(state)
            scale, shift = scale + more[:, : x.shape[1]], shift + more[:, x.shape[1] :]
        return x * scale[..., None] + shift[..., None]


class Block(nn.Module):
    """relu(x + film(normalise(conv(x)))), the skip cropped to the newest steps."""

    def __init__(self, shape: Shape, dilation: int) -> None:
        super().__init__()
        c = shape.channels
        self.conv = nn.Conv1d(c, c, 3, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(c, affine=False, momentum=0.03)
        self.film = Film(c, shape.embedding, shape.film)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """Lose steps at the front only."""
        y = self.film(self.norm(self.conv(x)), state)
        return functional.relu(x[..., x.shape[-1] - y.shape[-1] :] + y)


class Network(nn.Module):
    """Trunk, distillation head and word heads; see the module's docstring."""

    def __init__(self, shape: Shape, teacher_size: int = 96) -> None:
        super().__init__()
        self.shape = shape
        k, s, c, h = shape.stem_kernel, shape.stem_channels, shape.channels, shape.head_channels
        # Log energies lie in [-10, 8]: centred and scaled so that the first weights are ordinary.
        self.input_offset: Tensor
        self.input_scale: Tensor
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
        self.blocks = nn.ModuleList(Block(shape, d) for d in shape.dilations)
        self.state = nn.Linear(sum(N_STATE), shape.embedding)
        self.distill = nn.Conv1d(c, teacher_size, 1)
        n = len(shape.words)
        joined = h + (shape.embedding if shape.concatenate else 0)
        self.heads = nn.ModuleList(
            nn.ModuleDict(
                {
                    "conv": nn.Conv1d(
                        c, h, shape.head_kernel, dilation=shape.head_dilation, bias=False
                    ),
                    "norm": nn.BatchNorm1d(h, momentum=0.03),
                    "out": nn.Conv1d(joined, 3, 1),
                }
            )
            for _ in range(n)
        )
        for i in range(n):
            # Rare positives: begin at a posterior of about 1 %. Boundaries in units of 50 frames.
            _, _, out = self.head_layers(i)
            assert out.bias is not None
            out.bias.data = torch.tensor([-math.log(99.0), 1.2, 0.2])

    def each_block(self) -> list[Block]:
        """Return the residual blocks, first to last."""
        blocks = list(self.blocks)
        return [block for block in blocks if isinstance(block, Block)]

    def embed_state(self, state: Tensor) -> Tensor:
        """(batch, 22) one-hot to (batch, embedding)."""
        return functional.relu(self.state(state))

    def trunk(self, features: Tensor, state: Tensor) -> Tensor:
        """(batch, 64, frames) and the embedded state to (batch, channels, steps)."""
        x = (features.clamp_min(INPUT_FLOOR) + self.input_offset) * self.input_scale
        x = functional.relu(self.norm1(self.stem1(x)))
        x = functional.relu(self.norm2(self.stem2(x)))
        for block in self.each_block():
            x = block(x, state)
        return x

    def head_layers(self, index: int) -> tuple[nn.Conv1d, nn.BatchNorm1d, nn.Conv1d]:
        """Return convolution, normalisation and output layer of a word's head."""
        head = self.heads[index]
        assert isinstance(head, nn.ModuleDict)
        conv, norm, out = head["conv"], head["norm"], head["out"]
        assert isinstance(conv, nn.Conv1d)
        assert isinstance(norm, nn.BatchNorm1d)
        assert isinstance(out, nn.Conv1d)
        return conv, norm, out

    def head(self, index: int, trunk: Tensor, state: Tensor) -> Tensor:
        """(batch, 3, steps): logit, start and end in units of 50 frames before the newest."""
        conv, norm, out = self.head_layers(index)
        y = functional.relu(norm(conv(trunk)))
        if self.shape.concatenate:
            y = torch.cat([y, state[..., None].expand(-1, -1, y.shape[-1])], dim=1)
        logits: Tensor = out(y)
        return logits

    def forward(self, features: Tensor, state: Tensor) -> Tensor:
        """(batch, words, 3, steps) from features and the one-hot state."""
        embedded = self.embed_state(state)
        trunk = self.trunk(features, embedded)
        return torch.stack([self.head(i, trunk, embedded) for i in range(len(self.heads))], 1)
