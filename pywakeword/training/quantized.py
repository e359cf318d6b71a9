"""Stage 4: the words once more, through the rounding of the int8 graph.

Batch normalisation is frozen and folded, the ranges are those of the export; the
network learns to compensate the rounding.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import torch
from torch import Tensor

from pywakeword.training.export.keyword_graph import Ranges, fold, run_float
from pywakeword.training.export.simulation import Simulated
from pywakeword.training.network.network import Network
from pywakeword.training.network.sampling import BOUNDARY_UNIT, Targets
from pywakeword.training.network.stages import Curriculum, Drawn, Trainer, head_losses

_FIRST_STEP = 10**6


def teach_quantized(
    network: Network,
    ranges: list[Ranges],
    curriculum: Curriculum,
    work: Path,
    *,
    steps: int,
    name: str,
    batch: int = 64,
) -> None:
    """Train the words in turn, one per step, as the exported graph computes them."""
    words = range(len(network.shape.words))
    rounding = [Simulated(r, concatenate=network.shape.concatenate) for r in ranges]
    trainer = Trainer(name, network, work, steps=steps, rate=3e-4, seed=13)
    turn = 0

    def loss_of(drawn: Drawn) -> dict[str, Tensor]:
        nonlocal turn
        turn += 1
        word = words[turn % len(words)]
        network.eval()  # the statistics of batch normalisation stay as they are
        mixed, goal, _, _ = drawn
        t = run_float(fold(network, word), mixed.features, mixed.state, rounding[word])
        units = {"logits": 1.0, "start": BOUNDARY_UNIT, "end": BOUNDARY_UNIT}
        out = torch.stack([t[n] / unit for n, unit in units.items()], dim=2)
        one = Targets(**{f.name: getattr(goal, f.name)[:, word : word + 1] for f in fields(goal)})
        return head_losses(out, one)

    # Other batches than those of the stage before.
    trainer.run(
        lambda: curriculum.words(batch),
        loss_of,
        restart=lambda step: curriculum.restart(_FIRST_STEP + step),
    )
