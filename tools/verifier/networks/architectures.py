"""The verifiers in PyTorch: CRA-195, CNN-195, CNN-100, CNN-76, and the frame DNN of the HMM.

All begin with the device's trained trunk (pywakeword.training): strided, then dilated
convolutions over time, one step per 40 ms. The words share a network; each has its own head.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import N_STATE
from tools.verifier.data.windows import PADDING, PRE_ROLL_FRAMES, WINDOW_FRAMES

STRIDE = 4  # frames from step to step
_STEM_PAD = 10  # step k ends with frame 4 k + 2
N_STEPS = (WINDOW_FRAMES + _STEM_PAD - 13) // STRIDE + 1
_RECURRENT, _ATTENTION, _HIDDEN = 48, 32, 32
_WIDE_DILATIONS = (1, 2, 4, 8)
_NEVER = -12.0

# name -> (first frame, frames) of the part of the window that it looks at
PARTS = {"cnn-76": (44, 76), "cnn-100": (36, 100), "cnn-195": (0, WINDOW_FRAMES)}


class Trunk(nn.Module):
    """(batch, frames, 64) to (batch, channels, steps); every step looks back only."""

    def __init__(self, distilled: Network, n_blocks: int | None = None) -> None:
        super().__init__()
        shape = distilled.shape
        self.dilations = shape.dilations[:n_blocks]
        c, s = shape.channels, shape.stem_channels
        self.channels = c
        self.convolutions = nn.ModuleList(
            [
                nn.Conv1d(64, s, shape.stem_kernel, stride=2, bias=False),
                nn.Conv1d(s, c, shape.stem_kernel, stride=2, bias=False),
                *(nn.Conv1d(c, c, 3, dilation=d, bias=False) for d in self.dilations),
            ]
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(conv.out_channels, momentum=0.03) for conv in self.convolutions
        )
        self._load(distilled)

    @torch.no_grad()
    def _load(self, distilled: Network) -> None:
        """Take the distilled weights, with the device state unknown."""
        state = torch.zeros(1, sum(N_STATE))
        state[0, [0, N_STATE[0], N_STATE[0] + N_STATE[1]]] = 1
        embedded = distilled.embed_state(state)
        blocks = list(distilled.blocks)[: len(self.dilations)]
        sources = [
            (distilled.stem1, distilled.norm1),
            (distilled.stem2, distilled.norm2),
            *((b.conv, b.norm) for b in blocks),
        ]
        for conv, norm, (from_conv, from_norm) in zip(self.convolutions, self.norms, sources):
            conv.weight.copy_(from_conv.weight)
            norm.running_mean.copy_(from_norm.running_mean)
            norm.running_var.copy_(from_norm.running_var)
        for norm, source in zip(self.norms, (distilled.norm1, distilled.norm2)):
            norm.load_state_dict(source.state_dict())
        for norm, block in zip(list(self.norms)[2:], blocks):
            more = torch.zeros(1, 2 * self.channels)
            if block.film.project is not None:
                more = block.film.project(embedded)
            norm.weight.copy_(block.film.scale + more[0, : self.channels])
            norm.bias.copy_(block.film.shift + more[0, self.channels :])

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        x = functional.pad(features.transpose(1, 2), (_STEM_PAD, 0), value=float(PADDING))
        x = (x + 6.0) * 0.25
        for conv, norm in list(zip(self.convolutions, self.norms))[:2]:
            x = functional.relu(norm(conv(x)))
        for dilation, conv, norm in zip(
            self.dilations, list(self.convolutions)[2:], list(self.norms)[2:]
        ):
            x = functional.relu(x + norm(conv(functional.pad(x, (2 * dilation, 0)))))
        return x


class StateTrunk(nn.Module):
    """The device's trunk with the device state as its input, as `Trunk` otherwise."""

    def __init__(self, device: Network) -> None:
        super().__init__()
        self.device = copy.deepcopy(device)
        self.device.distill = nn.Identity()
        self.channels = device.shape.channels

    def forward(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return (batch, channels, steps), and the device's own logits (batch, words, steps)."""
        device = self.device
        embedded = device.embed_state(state)
        x = functional.pad(features.transpose(1, 2), (_STEM_PAD, 0), value=float(PADDING))
        x = (x + device.input_offset) * device.input_scale
        x = functional.relu(device.norm1(device.stem1(x)))
        x = functional.relu(device.norm2(device.stem2(x)))
        for block in device.each_block():
            x = block(functional.pad(x, (2 * block.conv.dilation[0], 0)), embedded)
        shape = device.shape
        before = functional.pad(x, (shape.head_dilation * (shape.head_kernel - 1), 0))
        heads = [device.head(i, before, embedded)[:, 0] for i in range(len(shape.words))]
        return x, torch.stack(heads, 1)


class Wide(nn.Module):
    """Residual convolutions that look both ways, (batch, channels, steps) to more channels."""

    def __init__(self, channels: int, wide: int) -> None:
        super().__init__()
        self.widen = nn.Conv1d(channels, wide, 1, bias=False)
        self.blocks = nn.ModuleList(
            nn.Conv1d(wide, wide, 3, dilation=d, padding=d, bias=False) for d in _WIDE_DILATIONS
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(wide, momentum=0.03) for _ in range(1 + len(_WIDE_DILATIONS))
        )

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        first, *others = self.norms
        x = functional.relu(first(self.widen(x)))
        for conv, norm in zip(self.blocks, others):
            x = functional.relu(x + norm(conv(x)))
        return x


class Cra(nn.Module):
    """Convolutions, two recurrent directions, attention; score, start and end of each word.

    `wide` channels follow the device's trunk; with 0, its own channels are all there are. The
    device's highest logit is where a score begins, so that training starts from what it knows.
    """

    def __init__(self, device: Network, wide: int = 0) -> None:
        super().__init__()
        n_words = len(device.shape.words)
        self.trunk = StateTrunk(device)
        self.wide = Wide(self.trunk.channels, wide) if wide else nn.Identity()
        c = wide or self.trunk.channels
        self.recurrent = nn.GRU(c, _RECURRENT, batch_first=True, bidirectional=True)
        self.keys = nn.Linear(2 * _RECURRENT, _ATTENTION * n_words)
        self.queries = nn.Parameter(torch.randn(n_words, 3, _ATTENTION) * 0.1)
        self.hidden = nn.Linear(2 * _RECURRENT, _HIDDEN * n_words)
        self.out = nn.Parameter(torch.randn(n_words, _HIDDEN) * 0.1)
        self.bias = nn.Parameter(torch.zeros(n_words))
        self.trust = nn.Parameter(torch.ones(n_words))
        self.shift = nn.Parameter(torch.zeros(n_words, 2))  # frames
        self.n_words = n_words

    def forward(
        self, features: Tensor, n_frames: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits and the frames of start and end, each (batch, words)."""
        trunk, own = self.trunk(features, state)
        steps, _ = self.recurrent(self.wide(trunk).float().transpose(1, 2))
        begins = torch.arange(N_STEPS) * STRIDE
        there = (begins[None] < n_frames[:, None])[:, None, None]  # (batch, 1, 1, steps)
        keys = torch.tanh(self.keys(steps)).unflatten(2, (self.n_words, _ATTENTION))
        energy = torch.einsum("btwa,wha->bwht", keys, self.queries * _ATTENTION**0.5)
        weight = energy.masked_fill(~there, -1e4).softmax(dim=-1)
        context = torch.einsum("bwt,btc->bwc", weight[:, :, 0], steps)
        hidden = self.hidden.weight.unflatten(0, (self.n_words, _HIDDEN))
        y = torch.einsum("bwc,whc->bwh", context, hidden)
        y = functional.relu(y + self.hidden.bias.unflatten(0, (self.n_words, _HIDDEN)))
        y = functional.dropout(y, 0.1, self.training)
        # The word ends after its start, which is near PRE_ROLL_FRAMES.
        possible = there[:, 0] & (begins >= PRE_ROLL_FRAMES)
        highest = own.float().masked_fill(~possible, _NEVER).amax(-1)
        logits = (y * self.out).sum(-1) + self.bias + self.trust * highest
        where = (weight[:, :, 1:] * begins).sum(-1) + self.shift
        return logits, where[..., 0], where[..., 1]

    @torch.no_grad()
    def of_one_word(self, index: int) -> Cra:
        """Return a copy for one of its words."""
        one = copy.deepcopy(self)
        device = one.trunk.device
        device.shape = replace(device.shape, words=device.shape.words[index : index + 1])
        device.heads = device.heads[index : index + 1]
        for layer, size in ((one.keys, _ATTENTION), (one.hidden, _HIDDEN)):
            rows = slice(index * size, (index + 1) * size)
            layer.weight, layer.bias = (
                nn.Parameter(part[rows].clone()) for part in (layer.weight, layer.bias)
            )
        for name in ("queries", "out", "bias", "trust", "shift"):
            setattr(one, name, nn.Parameter(getattr(one, name)[index : index + 1].clone()))
        one.n_words = 1
        return one


class Cnn(nn.Module):
    """Convolutions and fully connected layers on a fixed part of the window."""

    def __init__(self, distilled: Network, n_words: int, part: tuple[int, int]) -> None:
        super().__init__()
        self.first, self.frames = part
        self.trunk = Trunk(distilled)
        c = self.trunk.channels
        n_steps = (self.frames + _STEM_PAD - 13) // STRIDE + 1
        self.narrow = nn.Conv1d(c, 32, 1, bias=False)
        self.norm = nn.BatchNorm1d(32, momentum=0.03)
        self.hidden = nn.Linear(32 * n_steps, 64)
        self.out = nn.Linear(64, n_words)
        nn.init.constant_(self.out.bias, -1.0)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (batch, words)."""
        trunk = self.trunk(features[:, self.first : self.first + self.frames])
        y = functional.relu(self.norm(self.narrow(trunk))).flatten(1)
        y = functional.dropout(functional.relu(self.hidden(y)), 0.1, self.training)
        logits: Tensor = self.out(y)
        return logits


class FrameDnn(nn.Module):
    """Posteriors of the HMM's states, from 21 frames around each step."""

    def __init__(self, distilled: Network, n_states: int) -> None:
        super().__init__()
        self.trunk = Trunk(distilled, n_blocks=1)
        self.layers = nn.Sequential(
            nn.Conv1d(self.trunk.channels, 128, 1),
            nn.ReLU(),
            nn.Conv1d(128, 128, 1),
            nn.ReLU(),
            nn.Conv1d(128, n_states, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(batch, frames, 64) to logits (batch, states, steps)."""
        logits: Tensor = self.layers(self.trunk(features))
        return logits
