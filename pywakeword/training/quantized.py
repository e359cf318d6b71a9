"""Stage 4: the words once more, through the rounding of the int8 graph.

Batch normalisation is frozen and folded, the ranges are those of the export; the
network learns to compensate the rounding.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from pywakeword.training.export.keyword_graph import Ranges, fold, run_head, run_trunk
from pywakeword.training.export.simulation import Simulated
from pywakeword.training.network.network import Network
from pywakeword.training.network.sampling import BOUNDARY_UNIT
from pywakeword.training.network.stages import Curriculum, Drawn, Trainer, head_losses

_FIRST_STEP = 10**6
_RATE = 5e-4


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
    """Train all words at once, as the exported graphs compute them.

    Up to the heads their ranges are equal (`release.common_ranges`), so the trunk runs once.
    """
    words = range(len(network.shape.words))
    rounding = [Simulated(r, concatenate=network.shape.concatenate) for r in ranges]
    units = {"logits": 1.0, "start": BOUNDARY_UNIT, "end": BOUNDARY_UNIT}
    trainer = Trainer(name, network, work, steps=steps, rate=_RATE, seed=13)

    def loss_of(drawn: Drawn) -> dict[str, Tensor]:
        network.eval()  # the statistics of batch normalisation stay as they are
        mixed, goal, _, _ = drawn
        folded = [fold(network, word) for word in words]
        trunk = run_trunk(folded[0], mixed.features, mixed.state, rounding[0])
        heads = [run_head(folded[word], trunk, rounding[word]) for word in words]
        out = [torch.stack([t[n] / unit for n, unit in units.items()], dim=2) for t in heads]
        return head_losses(torch.cat(out, dim=1), goal)

    # Other batches than those of the stage before.
    trainer.run(
        lambda: curriculum.words(batch),
        loss_of,
        restart=lambda step: curriculum.restart(_FIRST_STEP + step),
    )
