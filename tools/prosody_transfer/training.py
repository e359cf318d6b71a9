"""Training by self transfer: every recording is both the reference and the goal."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tools.prosody_transfer import network
from tools.prosody_transfer.corpus import Item
from tools.tts.batches import padded, train
from tools.tts.corpus import VOICE
from tools.tts.features import N_MELS
from tools.tts.training import upsample_plan

BATCH = 4
KL_WEIGHT = 0.01
PITCH_WEIGHT = 1.0
_VOICE_SHARE = 1  # of the batch is said by the bundled voice


def fit(
    items: Sequence[Item], ablation: str, path: Path, *, steps: int, rate: float = 2e-3
) -> nn.ModuleDict:
    """Train one model; it goes on from `path` if that is there."""
    torch.manual_seed(7)
    modules = network.make_modules(network.ABLATIONS[ablation])
    learners = [item for item in items if item.role == "train"]
    modules["reference_encoder"].speaker.fit(learners)
    real = sorted((i for i in learners if i.speaker != VOICE), key=lambda i: len(i.frames))
    voice = sorted((i for i in learners if i.speaker == VOICE), key=lambda i: len(i.frames))

    def loss_of(rng: np.random.Generator) -> Tensor:
        batch = _near(real, rng, BATCH - _VOICE_SHARE) + _near(voice, rng, _VOICE_SHARE)
        return _loss(modules, batch, rng)

    train(modules, loss_of, path, steps=steps, rate=rate)
    return modules


def _near(items: Sequence[Item], rng: np.random.Generator, count: int) -> list[Item]:
    """Draw recordings of similar length from a list in order of length."""
    start = int(rng.integers(0, len(items) - 4 * count + 1))
    return [items[start + i] for i in rng.choice(4 * count, count, replace=False)]


def _loss(modules: nn.ModuleDict, batch: Sequence[Item], rng: np.random.Generator) -> Tensor:
    symbols, text_mask = padded([item.symbols for item in batch])
    frames, mask = padded([item.frames for item in batch])
    reference = modules["reference_encoder"]
    speaker = reference.speaker(frames, mask)
    variational = reference.shape.variational
    # 16-bit products of the convolutions take half the time; sums and weights stay whole.
    with torch.autocast("cpu", torch.bfloat16):
        encoded = modules["text_encoder"](symbols, text_mask)
        upsampled = upsample(encoded.float(), batch, frames.shape[1])
        mean, log_variance = (part.float() for part in reference(frames, upsampled, mask))
        code = mean
        if variational:
            noise = torch.from_numpy(rng.normal(size=mean.shape).astype(np.float32))
            code = mean + noise * torch.exp(0.5 * log_variance)
        predicted = network.decode_frames(modules, upsampled, code, speaker, mask).float()
    wrong = (predicted - frames).abs()
    voiced = frames[..., N_MELS + 1] * mask
    loss = (wrong[..., :N_MELS].mean(2) * mask).sum() / mask.sum()
    loss = loss + PITCH_WEIGHT * (wrong[..., N_MELS] * voiced).sum() / (voiced.sum() + 1)
    loss = loss + 0.1 * (wrong[..., N_MELS + 1] * mask).sum() / mask.sum()
    if variational:
        divergence = 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum(2)
        loss = loss + KL_WEIGHT * divergence.mean()
    return loss + _duration_loss(modules["duration_encoder"], batch)


def _duration_loss(encoder: nn.Module, batch: Sequence[Item]) -> Tensor:
    """Of the bundled voice only: it is who speaks without a reference."""
    own = [item for item in batch if item.speaker == VOICE]
    symbols, mask = padded([item.symbols for item in own])
    durations, _ = padded([item.durations.astype(np.float32) for item in own])
    predicted = encoder(symbols, mask)
    wrong = (torch.log(predicted + 0.5) - torch.log(durations + 0.5)).abs() * mask
    return 0.3 * wrong.sum() / mask.sum()


def upsample(encoded: Tensor, batch: Sequence[Item], n_frames: int) -> Tensor:
    """Repeat encodings over frames, as the `Upsampler` block gives them, with zeros behind."""
    rows = torch.zeros(len(batch), n_frames, network.UPSAMPLED_WIDTH)
    for i, item in enumerate(batch):
        index, position = _plan(item)
        row = torch.cat([encoded[i, index], torch.from_numpy(position)], 1)
        rows[i, : len(row)] = row
    return rows


@functools.lru_cache(maxsize=4096)
def _plan_of(durations: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    return upsample_plan(np.array(durations))


def _plan(item: Item) -> tuple[np.ndarray, np.ndarray]:
    return _plan_of(tuple(int(n) for n in item.durations))
