"""Stage 2: train the network on fresh mixtures."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from tqdm import trange

from tools.vad.data.mixing import Mixer
from tools.vad.networks.network import Network, Shape, targets
from tools.vad.networks.start import start_from

_CHECKPOINT_STEPS = 250
_OUTPUT_STEPS = 150  # 6 s of outputs a stream, each with its whole window


def train(
    shape: Shape,
    mixer: Mixer,
    *,
    steps: int,
    batch: int,
    rate: float,
    seed: int,
    start: Path | None,
    checkpoint: Path,
) -> Network:
    """Return the trained network; one thread, equal seeds give equal weights.

    With `start`, an exported model, training goes on from its weights. A run that was
    stopped goes on from `checkpoint`.
    """
    torch.manual_seed(seed)
    network = Network(shape)
    if start:
        start_from(network, start)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps, pct_start=0.08, final_div_factor=50
    )
    n_frames = shape.window_frames + shape.stride * (_OUTPUT_STEPS - 1)
    n_frames -= n_frames % shape.stride
    # Outputs lie on the device's grid: the newest frame of each completes a stride.
    first_frame = -shape.window_frames % shape.stride
    network.train(start is None)  # exported models have no statistics to go on from
    average, first = 0.0, 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        first = saved["step"]
        for name, part in (("network", network), ("optimiser", optimiser), ("schedule", schedule)):
            part.load_state_dict(saved[name])
        mixer.random.bit_generator.state = json.loads(saved["random"])
    for step in (bar := trange(first, steps, desc="vad", mininterval=10)):
        if step > first and step % _CHECKPOINT_STEPS == 0:
            saved = {"step": step, "random": json.dumps(mixer.random.bit_generator.state)}
            saved |= {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**saved, "schedule": schedule.state_dict()}, checkpoint)
        features, labels = mixer.batch(batch, n_frames)
        logits = network(features[:, :, first_frame:])
        wanted = targets(labels, logits.shape[1], shape)
        loss = functional.binary_cross_entropy_with_logits(logits, wanted)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        average = loss.item() if step == first else 0.98 * average + 0.02 * loss.item()
        if step % 50 == 0:
            bar.set_postfix(loss=f"{average:.4f}")
    return network.eval()
