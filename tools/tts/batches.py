"""Batches of padded utterances, and a resumable training loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tools.tts.corpus import Utterance


def padded(rows: Sequence[npt.NDArray[Any]]) -> tuple[Tensor, Tensor]:
    """Stack rows of unequal length; return values padded with zeros, and the mask."""
    longest = max(len(row) for row in rows)
    values = np.zeros((len(rows), longest, *rows[0].shape[1:]), rows[0].dtype)
    mask = np.zeros((len(rows), longest), np.float32)
    for i, row in enumerate(rows):
        values[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return torch.from_numpy(values), torch.from_numpy(mask)


def pick(utterances: Sequence[Utterance], rng: np.random.Generator, count: int) -> list[Utterance]:
    """Draw utterances of similar length, to keep padding short."""
    start = int(rng.integers(0, max(1, len(utterances) - 4 * count)))
    near = sorted(utterances, key=lambda u: len(u.frames))[start : start + 4 * count]
    return [near[i] for i in rng.choice(len(near), count, replace=False)]


def train(
    modules: nn.Module,
    loss_of: Callable[[np.random.Generator], Tensor],
    path: Path,
    *,
    steps: int,
    rate: float = 2e-3,
) -> None:
    """Minimise a loss; the state is saved to `path` every 50 steps, and resumed from there."""
    optimizer = torch.optim.Adam(modules.parameters(), rate)
    done = 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        modules.load_state_dict(state["modules"])
        optimizer.load_state_dict(state["optimizer"])
        done = int(state["step"])
    modules.train()
    recent: list[float] = []
    for step in range(done, steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 50) * (1 - 0.95 * step / steps)
        loss = loss_of(np.random.default_rng((step, 17)))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
        optimizer.step()
        recent.append(float(loss.detach()))
        if (step + 1) % 50 == 0 or step + 1 == steps:
            cpu = time.process_time()
            print(f"{path.stem} {step + 1} {np.mean(recent):.4f} cpu {cpu:.0f} s", flush=True)
            recent.clear()
            state = {
                "modules": modules.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step + 1,
            }
            torch.save(state, path)
    modules.eval()
