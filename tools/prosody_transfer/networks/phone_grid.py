"""The time base of the prosody code: one slot per phone, found in the upsampled phonemes.

So the code has as many rows as the text has phones, and cannot encode durations, pauses or speed.
The decoder gets durations as a separate input.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tools.tts.corpus import SYMBOLS

IS_SPOKEN = tuple(symbol != "pau" for symbol in SYMBOLS)
# Columns of the upsampled phonemes, from the end: the mark of `MarkedTextEncoder`, then the
# position of a frame from the block `Upsampler`: part done, frames done and left, in tenths.
_MARK, _DONE = -4, -2
_FIRST = 0.051  # the first frame of a symbol has half a frame done
_FADE_FRAMES = 1.0
_SILENCE = 1e-3
_SPREAD_OF_EVEN = 3**0.5  # from -1 to 1, to a spread of 1


@dataclass(frozen=True)
class Grid:
    """Positions of the phones of a batch, without pauses.

    Attributes
    ----------
    members : (batch, n_slots, n_frames) Tensor
        1 where a frame is in the phone of a slot.
    frames : (batch, n_slots, 1) Tensor
        Frames per phone; 0 in unused slots.
    mask : (batch, n_slots) Tensor
    """

    members: Tensor
    frames: Tensor
    mask: Tensor

    def pool(self, x: Tensor) -> Tensor:
        """Mean over each phone: (batch, n_frames, width) -> (batch, n_slots, width)."""
        return torch.bmm(self.members, x) / (self.frames + 1e-6)

    def spread(self, code: Tensor) -> Tensor:
        """Expand rows per phone to rows per frame, with cross-fades, 0 in pauses."""
        n = self.members.shape[2]
        time = torch.cumsum(torch.ones_like(self.members[:, :1]), 2)  # (batch, 1, n_frames)
        centre = (self.members * time).sum(2, keepdim=True) / (self.frames + 1e-6)
        away = (torch.abs(time - centre) - 0.5 * (self.frames - 1)).clamp(0, float("inf"))
        share = torch.exp(-away / _FADE_FRAMES) * self.mask[..., None]
        share = share / (share.sum(1, keepdim=True) + _SILENCE)
        return torch.bmm(share.transpose(1, 2), code)[:, :n]


def find(upsampled: Tensor, mask: Tensor, n_slots: int | None = None) -> Grid:
    """Find the phones in upsampled phonemes, (batch, n_frames, UPSAMPLED_WIDTH).

    `n_slots` saves time; by default there is one slot per frame, which always suffices.
    """
    inside = (upsampled[..., _MARK] > 0.5).to(upsampled.dtype) * mask
    starts = inside * (upsampled[..., _DONE] < _FIRST).to(upsampled.dtype)
    number = torch.cumsum(starts, 1) * inside  # 1 for the first phone
    slots = torch.arange(1, (n_slots or upsampled.shape[1]) + 1)
    members = (number[:, None] == slots[None, :, None]).to(upsampled.dtype)
    frames = members.sum(2, keepdim=True)
    return Grid(members, frames, (frames[..., 0] > 0).to(upsampled.dtype))


def ranked(code: Tensor, mask: Tensor) -> Tensor:
    """Return each number's rank in its utterance, in even steps, of mean 0 and spread 1.

    Mean, spread and shape of the distribution would reveal the speaker; ranks keep only the
    order. The gradient is that of removing mean and spread.
    """
    weight = mask[..., None]
    count = weight.sum(1, keepdim=True) + 1e-6
    code = (code - (code * weight).sum(1, keepdim=True) / count) * weight
    spread = torch.sqrt((code**2).sum(1, keepdim=True) / count + 1e-6)
    smooth = code / spread
    higher = (code[:, :, None] > code[:, None]).to(code.dtype) * weight[:, None]
    equal = (code[:, :, None] == code[:, None]).to(code.dtype) * weight[:, None]
    place = higher.sum(2) + 0.5 * equal.sum(2)  # from 0.5 to count - 0.5
    even = (2 * place / count - 1) * _SPREAD_OF_EVEN * weight
    return smooth + (even - smooth).detach()


def in_levels(ranks: Tensor, mask: Tensor, levels: int) -> Tensor:
    """Quantise `ranked` numbers to levels with equally many phones each.

    The added thousandth makes the level of a middle rank independent of rounding.
    """
    part = 0.5 * (ranks / _SPREAD_OF_EVEN + 1) * levels
    step = torch.floor(part + 1e-3).clamp(0, levels - 1)
    return ((2 * step + 1) / levels - 1) * _SPREAD_OF_EVEN * mask[..., None]
