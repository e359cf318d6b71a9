"""Training by self transfer: every recording is both reference and target."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tools.prosody_transfer.corpus import Item
from tools.prosody_transfer.networks import model, speakers
from tools.prosody_transfer.networks.adversary import Adversary
from tools.tts.batches import padded, train
from tools.tts.corpus import VOICE
from tools.tts.features import N_MELS
from tools.tts.training import upsample_plan


@dataclass(frozen=True)
class Recipe:
    """Weights of the losses, and the composition of batches.

    Attributes
    ----------
    batch, of_voice : int
        Recordings per batch, and how many of them are of the bundled voice.
    divergence : float
        Weight of the code's divergence from the normal distribution.
    pitch : float
        Weight of log F0 against the mel energies.
    adversary : float
        Factor on the adversary's reversed gradient.
    voice : float
        Weight of the distance between speaker vectors measured on transfers to other speakers
        of the batch, and those speakers' own vectors.
    stranger : float
        Share of recordings whose speaker input is measured on that recording alone.
    """

    batch: int = 4
    of_voice: int = 1
    divergence: float = 0.003
    pitch: float = 2.0
    adversary: float = 0.05
    voice: float = 0.05
    stranger: float = 0.2


RECIPE = Recipe()
Plan = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]
_MOVED_SHARE = 0.25  # of the steps also transfer to other speakers, which is slow


def fit(
    items: Sequence[Item],
    ablation: str,
    path: Path,
    *,
    steps: int,
    rate: float = 2e-3,
    seed: int = 0,
    recipe: Recipe = RECIPE,
) -> model.TransferModel:
    """Train one model; resume from `path` if it exists."""
    torch.manual_seed(7 + seed)
    shape = model.ABLATIONS[ablation]
    learners = [item for item in items if item.role == "train"]
    names = speakers.known(learners)
    modules = model.TransferModel(shape, len(names))
    speakers.fit(modules.reference_encoder.speaker, modules.voices, learners)
    if shape.adversary:
        modules["adversary"] = Adversary(shape.code_width, len(names))
    real = sorted((i for i in learners if i.speaker != VOICE), key=lambda i: len(i.frames))
    voice = sorted((i for i in learners if i.speaker == VOICE), key=lambda i: len(i.frames))

    def loss_of(rng: np.random.Generator) -> Tensor:
        rng = np.random.default_rng((int(rng.integers(1 << 31)), seed))
        torch.manual_seed(int(rng.integers(1 << 31)))  # so that a resumed run takes the same steps
        batch = _near(real, rng, recipe.batch - recipe.of_voice)
        batch += _near(voice, rng, recipe.of_voice)
        numbers = torch.tensor([names.index(item.speaker) for item in batch])
        return _loss(modules, batch, numbers, rng, recipe)

    train(modules, loss_of, path, steps=steps, rate=rate)
    if shape.adversary:
        del modules["adversary"]
    return modules


def _near(items: Sequence[Item], rng: np.random.Generator, count: int) -> list[Item]:
    """Draw recordings of similar length from a list sorted by length."""
    start = int(rng.integers(0, max(1, len(items) - 4 * count + 1)))
    return [items[start + i] for i in rng.choice(min(len(items), 4 * count), count, replace=False)]


def _loss(
    modules: model.TransferModel,
    batch: Sequence[Item],
    numbers: Tensor,
    rng: np.random.Generator,
    recipe: Recipe,
) -> Tensor:
    symbols, text_mask = padded([item.symbols for item in batch])
    frames, mask = padded([item.frames for item in batch])
    reference, voices = modules.reference_encoder, modules.voices
    bottleneck = reference.shape.bottleneck
    # The decoder gets the register of this recording, not the speaker's mean: the code should
    # not encode the register, which is an input like that of a target.
    speaker = voices.from_recordings(numbers, reference.speaker(frames, mask))
    strange = torch.from_numpy(rng.random(len(batch)) < recipe.stranger)
    speaker = speakers.without_learned(speaker, strange)
    # Convolutions in 16 bits take half the time; sums and weights stay in 32 bits.
    with torch.autocast("cpu", torch.bfloat16):
        encoded = modules.text_encoder(symbols, text_mask).float()
        upsampled = upsample(encoded, batch, frames.shape[1])
        n_slots = int(_most_phones(modules, symbols))
        with torch.autocast("cpu", enabled=False):
            grid = model.grid_of(reference.shape, upsampled.detach(), mask, n_slots)
        mean, log_variance = reference(frames, upsampled, mask, grid)
        code = mean
        if bottleneck:
            noise = torch.from_numpy(rng.normal(size=mean.shape).astype(np.float32))
            code = mean + noise * torch.exp(0.5 * log_variance)
        predicted = model.decode_frames(modules, upsampled, code, speaker, mask, grid).float()
    loss = _frame_loss(predicted, frames, mask, recipe)
    if recipe.voice and rng.random() < _MOVED_SHARE:
        # Transfer to the speaker of another recording of the batch. No recording exists to
        # compare with, but the target's long-term statistics are known.
        other = torch.roll(numbers, 1)
        with torch.autocast("cpu", torch.bfloat16):
            moved = model.decode_frames(
                modules, upsampled.detach(), code.detach(), voices(other), mask, grid
            ).float()
        combined = torch.cat([moved[..., : N_MELS + 1], frames[..., N_MELS + 1 :]], 2)
        found = reference.speaker(combined, mask)
        loss = loss + recipe.voice * (found - voices.measured[other]).abs().mean()
    if grid is not None:
        valid = grid.mask
        divergence = 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum(2)
        loss = loss + recipe.divergence * (divergence * valid).sum() / valid.sum()
        if "adversary" in modules:
            opponent = modules["adversary"]
            assert isinstance(opponent, Adversary)
            loss = loss + opponent.loss(mean, valid, numbers, recipe.adversary)
    return loss + _duration_loss(modules.duration_encoder, batch)


def _most_phones(modules: model.TransferModel, symbols: Tensor) -> Tensor:
    """Return the largest number of phones in a text of the batch."""
    most: Tensor = modules.text_encoder.spoken[symbols].sum(1).max()
    return most.clamp(min=1)


def _frame_loss(predicted: Tensor, frames: Tensor, mask: Tensor, recipe: Recipe) -> Tensor:
    wrong = (predicted - frames).abs()
    voiced = frames[..., N_MELS + 1] * mask
    loss = (wrong[..., :N_MELS].mean(2) * mask).sum() / mask.sum()
    loss = loss + recipe.pitch * (wrong[..., N_MELS] * voiced).sum() / (voiced.sum() + 1)
    return loss + 0.1 * (wrong[..., N_MELS + 1] * mask).sum() / mask.sum()


def _duration_loss(encoder: nn.Module, batch: Sequence[Item]) -> Tensor:
    """Return the duration loss of the bundled voice, the only one that speaks without reference."""
    own = [item for item in batch if item.speaker == VOICE]
    symbols, mask = padded([item.symbols for item in own])
    durations, _ = padded([item.durations.astype(np.float32) for item in own])
    predicted = encoder(symbols, mask)
    wrong = (torch.log(predicted + 0.5) - torch.log(durations + 0.5)).abs() * mask
    return 0.3 * wrong.sum() / mask.sum()


def upsample(encoded: Tensor, batch: Sequence[Item], n_frames: int) -> Tensor:
    """Repeat encodings over frames like the block `Upsampler`, padded with zeros."""
    rows = torch.zeros(len(batch), n_frames, model.UPSAMPLED_WIDTH)
    for i, item in enumerate(batch):
        index, position = _plan(item)
        row = torch.cat([encoded[i, index], torch.from_numpy(position)], 1)
        rows[i, : len(row)] = row
    return rows


@functools.lru_cache(maxsize=4096)
def _plan_of(durations: tuple[int, ...]) -> Plan:
    return upsample_plan(np.array(durations))


def _plan(item: Item) -> Plan:
    return _plan_of(tuple(int(n) for n in item.durations))
