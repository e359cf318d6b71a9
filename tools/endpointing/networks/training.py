"""Train the encoder: CTC over phones and <eos>, frame labels beside it, random look-ahead."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.endpointing.data.augment import disturb, sequence, stacked
from tools.endpointing.data.features import Item
from tools.endpointing.networks.encoder import Encoder, Shape, batch_right, fixed_right

# CTC starts late and with a small weight. From the start it would first learn blanks everywhere,
# against the frame labels.
_CTC_WEIGHT, _CTC_FROM = 0.1, 0.5
_LONGEST_BATCH, _MOST_LOOK_AHEAD = 25, 12


def token_targets(labels: np.ndarray) -> list[int]:
    """Return phones and <eos>: the frame labels without repeats and inner silence."""
    kept = labels[np.r_[True, np.diff(labels) != 0]]
    return [int(v) for v in kept if v != 0]


def random_right(n_frames: int, blocks: int, rng: np.random.Generator) -> np.ndarray:
    """Look-ahead of one sequence: batches of a random size, or the same for all frames."""
    if rng.random() < 0.6:
        size = int(rng.integers(1, _LONGEST_BATCH + 1))
        right = batch_right(n_frames, size, int(rng.integers(size)))
        return np.broadcast_to(right, (blocks, n_frames))
    return fixed_right(n_frames, int(rng.integers(0, _MOST_LOOK_AHEAD + 1)), blocks)


def _batch(items: list[Item], shape: Shape, rng: np.random.Generator) -> tuple[Tensor, ...]:
    made: list[tuple[np.ndarray, np.ndarray, list[int], np.ndarray]] = []
    for item in items:
        x, labels = sequence(item, rng)
        targets = token_targets(labels)
        n = len(x) // shape.stack
        made.append(
            (
                stacked(disturb(x, rng)),
                labels[2 : 4 * n : 4],
                targets,
                random_right(n, shape.blocks, rng),
            )
        )
    lengths = [len(m[0]) for m in made]
    x = np.zeros((len(made), max(lengths), shape.stack * shape.n_mels), np.float32)
    y = np.full((len(made), max(lengths)), -100)
    right = np.zeros((len(made), shape.blocks, max(lengths)), np.int64)
    for i, (features, labels, _, look) in enumerate(made):
        x[i, : lengths[i]], y[i, : lengths[i]] = features, labels
        right[i, :, : lengths[i]] = look
    phones = [m[2] for m in made]
    return (
        torch.from_numpy(x),
        torch.from_numpy(y),
        torch.from_numpy(right),
        torch.tensor([t for ts in phones for t in ts]),
        torch.tensor(lengths),
        torch.tensor([len(t) for t in phones]),
    )


def train_encoder(
    items: list[Item], work: Path, *, steps: int, batch: int = 24, rate: float = 3e-3, seed: int = 1
) -> Encoder:
    """Train, or resume from `work`/encoder.pt; equal seeds and interruptions give equal weights."""
    items = [i for i in items if i.labels is not None and i.utterance.role == "train"]
    everything = np.concatenate([i.features[::10] for i in items]).astype(np.float32)
    torch.manual_seed(seed)
    shape = Shape()
    network = Encoder(shape, everything.mean(axis=0), everything.std(axis=0))
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps, pct_start=0.05, final_div_factor=50
    )
    path, first = work / "encoder.pt", 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        first = state["step"]
    network.train()
    began, average = time.process_time(), np.zeros(2)
    for step in range(first, steps):
        rng = np.random.default_rng((seed, step))
        chosen = [items[i] for i in rng.choice(len(items), batch, replace=False)]
        x, y, right, targets, lengths, n_targets = _batch(chosen, shape, rng)
        _, tokens, _ = network(x, right)
        frame_loss = functional.cross_entropy(tokens.flatten(0, 1), y.flatten())
        ctc = functional.ctc_loss(
            tokens.log_softmax(-1).transpose(0, 1), targets, lengths, n_targets, zero_infinity=True
        )
        optimiser.zero_grad(set_to_none=True)
        ctc_weight = _CTC_WEIGHT if step >= _CTC_FROM * steps else 0.0
        (frame_loss + ctc_weight * ctc).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        new = np.array([ctc.item(), frame_loss.item()])
        average = new if step == first else 0.98 * average + 0.02 * new
        if step % 50 == 49 or step == steps - 1:
            print(
                f"step {step + 1}/{steps}  ctc {average[0]:.3f}  frames {average[1]:.3f}  "
                f"{time.process_time() - began:.0f} CPU s",
                flush=True,
            )
            torch.save(
                {
                    "network": network.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "schedule": schedule.state_dict(),
                    "step": step + 1,
                },
                path,
            )
    return network.eval()
