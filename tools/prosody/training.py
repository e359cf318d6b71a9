"""Trains the autoencoder, resumably, and embeds utterances with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tools.prosody.network import SCALES, Autoencoder
from tools.prosody.recordings.corpus import Utterance
from tools.tts.batches import padded

_BATCH = 32


def make_modules(seed: int) -> Autoencoder:
    """Return an untrained autoencoder."""
    torch.manual_seed(seed)
    return Autoencoder()


def train(
    utterances: Sequence[Utterance],
    checkpoint: Path,
    *,
    seed: int,
    epochs: int,
    kl_weight: float,
    rate: float = 2e-3,
) -> Autoencoder:
    """Train; the state is saved to `checkpoint` after each epoch, and resumed from there."""
    modules = make_modules(seed)
    optimizer = torch.optim.AdamW(modules.parameters(), rate, weight_decay=0.05)
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        modules.load_state_dict(state["modules"])
        optimizer.load_state_dict(state["optimizer"])
        done = int(state["epoch"])
    by_length = sorted(utterances, key=lambda u: (len(u.phones), u.name))
    modules.train()
    for epoch in range(done, epochs):
        rng = np.random.default_rng((seed, epoch))
        torch.manual_seed(seed * 100_003 + epoch)  # same dropout and noise in a resumed run
        starts = rng.permutation(np.arange(0, len(by_length), _BATCH))
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - 0.95 * epoch / epochs)
        weight = kl_weight * min(1.0, (epoch + 1) / (0.25 * epochs))
        totals = np.zeros(2)
        for start in starts:
            batch = by_length[start : start + _BATCH]
            wrong, divergence = _losses(modules, batch)
            optimizer.zero_grad()
            torch.autograd.backward(wrong + weight * divergence)
            nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
            optimizer.step()
            totals += [wrong.item(), divergence.item()]
        if (epoch + 1) % 10 == 0 or epoch + 1 == epochs:
            wrong_mean, kl_mean = totals / len(starts)
            print(f"epoch {epoch + 1} error {wrong_mean:.3f} nats {kl_mean:.2f}", flush=True)
        state = {
            "modules": modules.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": epoch + 1,
        }
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, checkpoint)
    modules.eval()
    return modules


def _losses(modules: Autoencoder, batch: Sequence[Utterance]) -> tuple[Tensor, Tensor]:
    """Squared error summed over an utterance's phones, and nats of its embedding."""
    phones, positions, contours, pitched, mask = _tensors(batch)
    mu, log_variance = modules.encoder(phones, positions, contours, pitched, mask)
    drawn = mu + torch.exp(0.5 * log_variance) * torch.randn_like(mu)
    decoded = modules.decoder(phones, positions, drawn, mask)
    weights = torch.stack([pitched, mask, mask], 2)
    # Absolute beyond 2 standard deviations, so that misalignments do not dominate.
    wrong = nn.functional.huber_loss(decoded, contours, reduction="none", delta=2.0)
    divergence = 0.5 * (mu**2 + log_variance.exp() - 1 - log_variance).sum(1)
    return (wrong * weights).sum((1, 2)).mean(), divergence.mean()


def embed(modules: Autoencoder, utterances: Sequence[Utterance]) -> npt.NDArray[np.float32]:
    """Return the mean embedding of each utterance."""
    found = []
    with torch.no_grad():
        for start in range(0, len(utterances), _BATCH):
            mu, _ = modules.encoder(*_tensors(utterances[start : start + _BATCH]))
            found.append(mu.numpy())
    return np.concatenate(found)


def decode(
    modules: Autoencoder, utterances: Sequence[Utterance], embeddings: npt.NDArray[np.float32]
) -> list[npt.NDArray[np.float32]]:
    """Return the contours of each utterance's phones, from one embedding per utterance."""
    found: list[npt.NDArray[np.float32]] = []
    with torch.no_grad():
        for start in range(0, len(utterances), _BATCH):
            batch = utterances[start : start + _BATCH]
            phones, positions, _, _, mask = _tensors(batch)
            z = torch.from_numpy(np.asarray(embeddings[start : start + _BATCH], np.float32))
            decoded = modules.decoder(phones, positions, z, mask).numpy() * np.array(SCALES)
            found += [row[: len(u.phones)].astype(np.float32) for row, u in zip(decoded, batch)]
    return found


def _tensors(batch: Sequence[Utterance]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    phones, mask = padded([u.phones for u in batch])
    positions, _ = padded([u.positions for u in batch])
    scales = np.array(SCALES, np.float32)
    # `pitched` marks what was not measured; interpolated values would mislead.
    rows = [np.where(_known(u), u.contours / scales, np.float32(0)) for u in batch]
    contours, _ = padded(rows)
    pitched, _ = padded([u.has_pitch.astype(np.float32) for u in batch])
    return phones, positions, contours, pitched, mask


def _known(utterance: Utterance) -> npt.NDArray[np.bool_]:
    known = np.ones(utterance.contours.shape, bool)
    known[:, 0] = utterance.has_pitch
    return known
