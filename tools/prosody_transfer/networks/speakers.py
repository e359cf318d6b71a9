"""Speaker vectors from the long-term statistics of an utterance.

A linear discriminant projection of mean and standard deviation of mel energies and log F0, fitted
on the training speakers. One recording suffices for a new speaker. For training speakers, the
only targets here, the decoder gets the mean over their recordings and a few learned numbers.
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
SPEAKER_WIDTH = N_DISCRIMINANTS + 2  # then mean and standard deviation of log F0
LEARNED_WIDTH = 16
VOICE_WIDTH = LEARNED_WIDTH + SPEAKER_WIDTH  # the decoder's input for the target speaker
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
        return self.project(statistics(frames, mask))

    def project(self, found: Tensor) -> Tensor:
        """From `statistics`, (batch, 2 * N_MELS + 2), to vectors."""
        # Not by matmul, which training computes in 16 bits.
        vector = ((found - self.mean)[:, :, None] * self.projection).sum(1)
        pitch = torch.stack([found[:, N_MELS], found[:, -1]], 1)
        return torch.cat([vector, pitch], 1)

    def fit(self, rows: npt.NDArray[np.float32], names: Sequence[str]) -> None:
        """Fit the discriminants on rows of `utterance_statistics`."""
        mean, projection = _discriminants(rows, names)
        self.mean.copy_(torch.from_numpy(mean))
        self.projection.copy_(torch.from_numpy(projection))


class Voices(nn.Module):
    """The decoder's input for each training speaker, (VOICE_WIDTH,)."""

    measured: Tensor

    def __init__(self, n_speakers: int) -> None:
        super().__init__()
        self.learned = nn.Parameter(0.3 * torch.randn(n_speakers, LEARNED_WIDTH))
        self.register_buffer("measured", torch.zeros(n_speakers, SPEAKER_WIDTH))

    def fit(
        self, rows: npt.NDArray[np.float32], names: Sequence[str], measure: SpeakerVector
    ) -> None:
        """Average the vectors of each speaker's recordings; speakers are sorted by name."""
        vectors = measure.project(torch.from_numpy(rows))
        for i, name in enumerate(sorted(set(names))):
            own = [k for k, other in enumerate(names) if other == name]
            self.measured[i] = vectors[own].mean(0)

    def forward(self, speakers: Tensor) -> Tensor:
        """Return the vectors of speakers by number, (batch, VOICE_WIDTH)."""
        return self.from_recordings(speakers, self.measured[speakers])

    def from_recordings(self, speakers: Tensor, measured: Tensor) -> Tensor:
        """Return the same with a vector measured on one recording of each."""
        return torch.cat([self.learned[speakers], measured], 1)


def without_learned(voices: Tensor, which: Tensor) -> Tensor:
    """Zero the learned part where `which`, (batch,), as for new speakers."""
    kept = (~which).to(voices.dtype)[:, None]
    return torch.cat([voices[:, :LEARNED_WIDTH] * kept, voices[:, LEARNED_WIDTH:]], 1)


def known(items: Sequence[Item]) -> list[str]:
    """Return the names of the training speakers, in the order of their numbers."""
    return sorted({item.speaker for item in items if item.role == "train"})


def statistics(frames: Tensor, mask: Tensor) -> Tensor:
    """Return mean and standard deviation of mel energies and log F0 over the voiced frames."""
    values = frames[..., : N_MELS + 1]
    weight = (mask * (frames[..., N_MELS + 1] > 0.5))[..., None]
    count = weight.sum(1) + 1e-6
    mean = (values * weight).sum(1) / count
    variance = (((values - mean[:, None]) * weight) ** 2).sum(1) / count
    return torch.cat([mean, torch.sqrt(variance + _FLOOR)], 1)


def fit(measure: SpeakerVector, voices: Voices, items: Sequence[Item]) -> None:
    """Fit the speaker vectors on `items`, and the voices of their speakers."""
    rows = np.stack([utterance_statistics(item) for item in items])
    names = [item.speaker for item in items]
    measure.fit(rows, names)
    voices.fit(rows, names, measure)


def utterance_statistics(item: Item) -> npt.NDArray[np.float32]:
    """Return the `statistics` of one recording, (2 * N_MELS + 2,)."""
    values = item.frames[item.voiced, : N_MELS + 1]
    if not len(values):
        return np.zeros(_N_STATISTICS, np.float32)
    spread = np.sqrt(values.var(0) + _FLOOR)
    return np.concatenate([values.mean(0), spread]).astype(np.float32)


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
