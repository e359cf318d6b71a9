"""The encoder: a streaming convolutional network whose look-ahead is a mask.

The input is one vector of 4 x 64 log energies per 40 ms. Each block is a gated convolution over
time and a feed-forward layer, both residual. A convolution always has its past taps (a cache at
inference). Of its future taps, each frame uses as many as its batch has frames after it. The
others are masked: multiplied by 0 after the layer's normalisation, never fed with silence.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.endpointing.data.tokens import TOKENS


@dataclass(frozen=True)
class Shape:
    """Sizes of the encoder."""

    stack: int = 4
    n_mels: int = 64
    dims: int = 96
    blocks: int = 5
    left: int = 10
    right: int = 4
    hidden: int = 192

    def as_json(self) -> dict[str, int]:
        """As it goes on the card."""
        return asdict(self)


class _Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        d = shape.dims
        self.norm_conv, self.norm_ff = nn.LayerNorm(d), nn.LayerNorm(d)
        self.gate, self.mix = nn.Linear(d, 2 * d), nn.Linear(d, d)
        self.past = nn.Conv1d(d, d, shape.left + 1, groups=d)
        self.ahead = nn.Parameter(torch.randn(shape.right, d) * 0.1)
        self.rise, self.fall = nn.Linear(d, shape.hidden), nn.Linear(shape.hidden, d)
        self.drop = nn.Dropout(0.1)
        self.left, self.right = shape.left, shape.right

    def forward(self, x: Tensor, right: Tensor, cache: Tensor) -> tuple[Tensor, Tensor]:
        """Take x (b, t, d), right (b, t) frames of look-ahead, cache (b, left, d)."""
        value, gate = self.gate(self.norm_conv(x)).chunk(2, dim=-1)
        h = value * torch.sigmoid(gate)
        past = torch.cat([cache, h], dim=1)
        y = self.past(past.transpose(1, 2)).transpose(1, 2)
        ahead = functional.pad(h, (0, 0, 0, self.right))
        for k in range(1, self.right + 1):
            may = (right >= k).unsqueeze(-1).to(h.dtype)
            y = y + may * self.ahead[k - 1] * ahead[:, k : k + h.shape[1]]
        x = x + self.drop(self.mix(functional.silu(y)))
        x = x + self.drop(self.fall(functional.silu(self.rise(self.norm_ff(x)))))
        return x, past[:, -self.left :]


class Encoder(nn.Module):
    """Features to encoding and token logits; one head for CTC and for the frame labels."""

    def __init__(self, shape: Shape, mean: np.ndarray, scale: np.ndarray) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.as_tensor(np.tile(mean, shape.stack)).float())
        self.register_buffer("scale", torch.as_tensor(np.tile(scale, shape.stack)).float())
        self.stem = nn.Linear(shape.stack * shape.n_mels, shape.dims)
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(shape.dims)
        self.tokens = nn.Linear(shape.dims, len(TOKENS))

    def empty_cache(self, batch: int) -> Tensor:
        """Return the cache at the start of a stream: (blocks, batch, left, dims)."""
        s = self.shape
        return torch.zeros(s.blocks, batch, s.left, s.dims)

    def forward(
        self, x: Tensor, right: Tensor, cache: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Encode a chunk.

        Parameters
        ----------
        x : (b, t, 256)
            Stacked log energies.
        right : (b, blocks, t)
            How many later frames each frame may look at, in each block.
        cache : (blocks, b, left, dims), optional
            The cache that the previous chunk returned.

        Returns
        -------
        encoding (b, t, dims), token logits (b, t, 41), and the new cache
        """
        cache = self.empty_cache(len(x)) if cache is None else cache
        h = self.stem((x - self.mean) / self.scale)
        caches = []
        for i, block in enumerate(self.blocks):
            h, kept = block(h, right[:, i], cache[i])
            caches.append(kept)
        h = self.norm(h)
        return h, self.tokens(h), torch.stack(caches)


def batch_right(n_frames: int, size: int, offset: int = 0) -> np.ndarray:
    """Look-ahead in batches of `size`, the first cut short by `offset`: (n_frames,)."""
    index = np.arange(n_frames) + offset
    last = np.minimum((index // size + 1) * size - 1 - offset, n_frames - 1)
    return last - np.arange(n_frames)


def fixed_right(n_frames: int, look_ahead: int, blocks: int) -> np.ndarray:
    """Look-ahead of exactly `look_ahead` frames, spread over the blocks: (blocks, n_frames)."""
    share = np.array([look_ahead // blocks + (b < look_ahead % blocks) for b in range(blocks)])
    left = np.arange(n_frames)[::-1]
    return np.minimum(share[:, None], left[None])
