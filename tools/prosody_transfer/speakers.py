"""Speaker vectors: what an utterance's long-term statistics say of who speaks.

A linear discriminant projection of the mean and spread of its mel energies and of log F0,
fitted on the training speakers. No recording of a stranger is needed but the one at hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tools.prosody_transfer.corpus import Item
from tools.tts.features import N_MELS

N_DISCRIMINANTS = 16
SPEAKER_WIDTH = N_DISCRIMINANTS + 2  # then mean and spread of log F0, as they are
_N_STATISTICS = 2 * N_MELS + 2
_FLOOR = 1e-4


class SpeakerVector(nn.Module):
    """Frames (batch, n, FRAME_WIDTH), mask (batch, n) -> (batch, SPEAKER_WIDTH)."""

    mean: Tensor
    projection: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(_N_STATISTICS))
        self.register_buffer("projection", torch.zeros(_N_STATISTICS, N_DISCRIMINANTS))

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Measure the voiced frames, and project."""
        found = statistics(frames, mask)
        # Not by matmul, which training computes with 16 bits.
        vector = ((found - self.mean)[:, :, None] * self.projection).sum(1)
        pitch = torch.stack([found[:, N_MELS], found[:, -1]], 1)
        return torch.cat([vector, pitch], 1)

    def fit(self, items: Sequence[Item]) -> None:
        """Find the directions that tell the speakers of `items` apart."""
        rows = np.stack([utterance_statistics(item) for item in items])
        mean, projection = _discriminants(rows, [item.speaker for item in items])
        self.mean.copy_(torch.from_numpy(mean))
        self.projection.copy_(torch.from_numpy(projection))


def statistics(frames: Tensor, mask: Tensor) -> Tensor:
    """Mean and spread over the voiced frames of mel energies and log F0."""
    values = frames[..., : N_MELS + 1]
    weight = (mask * (frames[..., N_MELS + 1] > 0.5))[..., None]
    count = weight.sum(1) + 1e-6
    mean = (values * weight).sum(1) / count
    variance = (((values - mean[:, None]) * weight) ** 2).sum(1) / count
    return torch.cat([mean, torch.sqrt(variance + _FLOOR)], 1)


def utterance_statistics(item: Item) -> npt.NDArray[np.float32]:
    """Return the same of one recording, (2 * N_MELS + 2,)."""
    frames = torch.from_numpy(item.frames)[None]
    found: npt.NDArray[np.float32] = statistics(frames, torch.ones(frames.shape[:2]))[0].numpy()
    return found


def _discriminants(
    rows: npt.NDArray[np.float32], speakers: Sequence[str]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    values = rows.astype(np.float64)
    mean = values.mean(0)
    _, labels = np.unique(speakers, return_inverse=True)
    centres = np.stack([values[labels == k].mean(0) for k in range(labels.max() + 1)])
    within = values - centres[labels]
    between = (centres - mean)[labels]
    ridge = 1e-3 * np.diag(within.var(0).mean() * np.ones(values.shape[1]))
    inner = within.T @ within / len(values) + ridge
    outer = between.T @ between / len(values)
    whiten = np.linalg.inv(np.linalg.cholesky(inner)).T
    _, directions = np.linalg.eigh(whiten.T @ outer @ whiten)
    projection = whiten @ directions[:, ::-1][:, :N_DISCRIMINANTS]
    spread = ((values - mean) @ projection).std(0)
    return mean.astype(np.float32), (projection / spread).astype(np.float32)
