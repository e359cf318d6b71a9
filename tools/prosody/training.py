"""Trains the autoencoder, resumably, and embeds utterances with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tools.prosody.corpus import Utterance
from tools.prosody.network import SCALES, Decoder, Encoder
from tools.tts.batches import padded

_BATCH = 32


def make_modules(seed: int) -> nn.ModuleDict:
    """Return an untrained encoder and decoder."""
    torch.manual_seed(seed)
    return nn.ModuleDict({"encoder": Encoder(), "decoder": Decoder()})


def train(
    utterances: Sequence[Utterance],
    checkpoint: Path,
    *,
    seed: int,
    epochs: int,
    kl_weight: float,
    rate: float = 2e-3,
) -> nn.ModuleDict:
    """Train; the state goes to `checkpoint` after each epoch and is taken up from there."""
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
        torch.manual_seed(seed * 100_003 + epoch)  # of dropout and noise, however often resumed
        starts = rng.permutation(np.arange(0, len(by_length), _BATCH))
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - 0.95 * epoch / epochs)
        weight = kl_weight * min(1.0, (epoch + 1) / (0.25 * epochs))
        totals = np.zeros(2)
        for start in starts:
            batch = by_length[start : start + _BATCH]
            wrong, divergence = _losses(modules, batch)
            optimizer.zero_grad()
            (wrong + weight * divergence).backward()
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


def _losses(modules: nn.ModuleDict, batch: Sequence[Utterance]) -> tuple[Tensor, Tensor]:
    """Squared error summed over an utterance's phones, and nats of its embedding."""
    phones, positions, contours, pitched, mask = _tensors(batch)
    mu, log_variance = modules["encoder"](phones, positions, contours, pitched, mask)
    drawn = mu + torch.exp(0.5 * log_variance) * torch.randn_like(mu)
    decoded = modules["decoder"](phones, positions, drawn, mask)
    weights = torch.stack([pitched, mask, mask], 2)
    # Absolute beyond 2 standard deviations: a slipped alignment must not rule.
    wrong = nn.functional.huber_loss(decoded, contours, reduction="none", delta=2.0)
    divergence = 0.5 * (mu**2 + log_variance.exp() - 1 - log_variance).sum(1)
    return (wrong * weights).sum((1, 2)).mean(), divergence.mean()


def embed(modules: nn.ModuleDict, utterances: Sequence[Utterance]) -> npt.NDArray[np.float32]:
    """Return the mean embedding of each utterance."""
    found = []
    with torch.no_grad():
        for start in range(0, len(utterances), _BATCH):
            mu, _ = modules["encoder"](*_tensors(utterances[start : start + _BATCH]))
            found.append(mu.numpy())
    return np.concatenate(found)


def decode(
    modules: nn.ModuleDict, utterances: Sequence[Utterance], embeddings: npt.NDArray[np.float32]
) -> list[npt.NDArray[np.float32]]:
    """Return the contours of each utterance's phones by an embedding each."""
    found: list[npt.NDArray[np.float32]] = []
    with torch.no_grad():
        for start in range(0, len(utterances), _BATCH):
            batch = utterances[start : start + _BATCH]
            phones, positions, _, _, mask = _tensors(batch)
            z = torch.from_numpy(np.asarray(embeddings[start : start + _BATCH], np.float32))
            decoded = modules["decoder"](phones, positions, z, mask).numpy() * np.array(SCALES)
            found += [row[: len(u.phones)].astype(np.float32) for row, u in zip(decoded, batch)]
    return found


def _tensors(batch: Sequence[Utterance]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    phones, mask = padded([u.phones for u in batch])
    positions, _ = padded([u.positions for u in batch])
    scales = np.array(SCALES, np.float32)
    # What was not measured is told by `pitched`; its filled-in value would only mislead.
    rows = [np.where(_known(u), u.contours / scales, np.float32(0)) for u in batch]
    contours, _ = padded(rows)
    pitched, _ = padded([u.has_pitch.astype(np.float32) for u in batch])
    return phones, positions, contours, pitched, mask


def _known(utterance: Utterance) -> npt.NDArray[np.bool_]:
    known = np.ones(utterance.contours.shape, bool)
    known[:, 0] = utterance.has_pitch
    return known
