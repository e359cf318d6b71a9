"""Speaker classifiers for adversarial training of the code.

Two classifiers, by statistics and by sequence, learn from a store of recent codes. The encoder gets
their reversed gradient for the current codes. The classifiers that measure leakage are others, and
always trained from scratch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

STORED = 512
_LONGEST = 64
_DRAWN = 64
# Codes before the adversary starts, and again until it has its full weight: started at once, it
# leaves the encoder without a useful code.
_IDLE = 1600


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: float) -> Tensor:
        ctx.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * gradients[0], None


def reversed_gradient(x: Tensor, weight: float) -> Tensor:
    """Return `x`; its gradient is multiplied by minus `weight`."""
    made: Tensor = _Reversal.apply(x, weight)
    return made


class Adversary(nn.Module):
    """Codes (batch, n, code_width), mask (batch, n) -> speaker scores of two classifiers."""

    codes: Tensor
    masks: Tensor
    speakers: Tensor
    filled: Tensor

    def __init__(self, code_width: int, n_speakers: int, width: int = 64) -> None:
        super().__init__()
        self.by_statistics = nn.Sequential(
            nn.Linear(_N_STATISTICS * code_width + code_width**2, 2 * width),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(2 * width, n_speakers),
        )
        self.first = nn.Conv1d(code_width, width, 5, padding=2)
        self.second = nn.Conv1d(width, width, 3, padding=1)
        self.by_sequence = nn.Linear(2 * width, n_speakers)
        self.register_buffer("codes", torch.zeros(STORED, _LONGEST, code_width))
        self.register_buffer("masks", torch.zeros(STORED, _LONGEST))
        self.register_buffer("speakers", torch.zeros(STORED, dtype=torch.long))
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))

    def forward(self, code: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Classify."""
        x = torch.relu(self.first(code.transpose(1, 2))) * mask[:, None]
        x = torch.relu(self.second(x)) * mask[:, None]
        pooled = torch.cat(_mean_and_spread(x.transpose(1, 2), mask), 1)
        scores: Tensor = self.by_sequence(functional.dropout(pooled, 0.2, self.training))
        return self.by_statistics(summary(code, mask)), scores

    def loss(self, code: Tensor, mask: Tensor, speakers: Tensor, weight: float) -> Tensor:
        """Return the classifiers' loss on stored codes, plus the encoder's adversarial loss."""
        code, mask = code[:, :_LONGEST], mask[:, :_LONGEST]
        self._store(code.detach(), mask, speakers)
        count = min(int(self.filled), STORED)
        drawn = torch.randint(count, (min(_DRAWN, count),))
        learned = _wrong(self(self.codes[drawn], self.masks[drawn]), self.speakers[drawn])
        # The reversed gradient must not change the classifiers.
        for weights in self.parameters():
            weights.requires_grad_(False)
        weight = weight * min(1.0, max(0.0, int(self.filled) / _IDLE - 1))
        hidden = _wrong(self(reversed_gradient(code, weight), mask), speakers)
        for weights in self.parameters():
            weights.requires_grad_(True)
        return learned + hidden

    @torch.no_grad()
    def _store(self, code: Tensor, mask: Tensor, speakers: Tensor) -> None:
        places = (self.filled + torch.arange(len(code))) % STORED
        n = code.shape[1]
        self.codes[places], self.masks[places] = 0.0, 0.0
        self.codes[places, :n], self.masks[places, :n] = code.float(), mask
        self.speakers[places] = speakers
        self.filled += len(code)


def _wrong(scores: tuple[Tensor, Tensor], speakers: Tensor) -> Tensor:
    return functional.cross_entropy(scores[0], speakers) + functional.cross_entropy(
        scores[1], speakers
    )


def _mean_and_spread(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    weight = mask[..., None]
    count = weight.sum(1) + 1e-6
    mean = (x * weight).sum(1) / count
    variance = (((x - mean[:, None]) * weight) ** 2).sum(1) / count
    return mean, torch.sqrt(variance + 1e-5)


_N_STATISTICS = 8


def summary(code: Tensor, mask: Tensor) -> Tensor:
    """Return moments, steps and correlations of each sequence."""
    weight = mask[..., None]
    count = weight.sum(1) + 1e-6
    mean, spread = _mean_and_spread(code, mask)
    centred = (code - mean[:, None]) * weight
    unit = centred / spread[:, None]
    step = (code[:, 1:] - code[:, :-1]) * weight[:, 1:]
    follows = (unit[:, 1:] * unit[:, :-1]).sum(1) / count
    together = torch.bmm(unit.transpose(1, 2), unit) / count[:, :, None]
    ends = [code[:, 0], (unit**3).sum(1) / count, (unit**4).sum(1) / count - 2]
    return torch.cat(
        [
            mean,
            spread,
            step.abs().sum(1) / count,
            (step**2).sum(1) / count,
            follows,
            *ends,
            together.flatten(1),
        ],
        1,
    )
