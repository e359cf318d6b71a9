"""Token error rate of dynamic against fixed look-ahead at equal mean latency.

In batches of 2 k + 1 frames the frames look 0 to 2 k ahead, k in the mean; fixed look-ahead
lets every frame look k ahead, spread over the blocks. One network, trained with both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tools.endpointing.augment import stacked
from tools.endpointing.features import Item
from tools.endpointing.network import TOKENS, Encoder, batch_right, fixed_right
from tools.endpointing.training import token_targets

_FRAME_MS = 40
_EOS = len(TOKENS) - 1


def compare(
    encoder: Encoder, items: list[Item], look_aheads: tuple[int, ...]
) -> list[dict[str, Any]]:
    """One row a look-ahead: its mean in ms, and the two token error rates in per cent."""
    items = [i for i in items if i.labels is not None]
    blocks = encoder.shape.blocks
    rows = []
    for k in look_aheads:
        wrong, n_tokens = {"dynamic": 0, "fixed": 0}, 0
        for item in items:
            assert item.labels is not None
            x = torch.from_numpy(stacked(item.features.astype(np.float32)))
            wanted = [t for t in token_targets(item.labels) if t != _EOS]
            n_tokens += len(wanted)
            rights = {
                "dynamic": np.broadcast_to(batch_right(len(x), 2 * k + 1), (blocks, len(x))),
                "fixed": fixed_right(len(x), k, blocks),
            }
            for name, right in rights.items():
                with torch.no_grad():
                    _, scores, _ = encoder(x[None], torch.from_numpy(right.copy())[None])
                wrong[name] += edits(_greedy(scores[0].argmax(-1).tolist()), wanted)
        errors = {f"{name}_error": round(100 * n / n_tokens, 2) for name, n in wrong.items()}
        rows.append({"mean_look_ahead_ms": k * _FRAME_MS, **errors})
    return rows


def _greedy(best: list[int]) -> list[int]:
    """CTC without repeats, blanks and the end token."""
    return [b for a, b in zip([0, *best], best) if b not in (a, 0, _EOS)]


def edits(found: list[int], wanted: list[int]) -> int:
    """Levenshtein distance."""
    b = np.array(wanted)
    row = np.arange(len(b) + 1)
    steps = np.arange(len(b) + 1)
    for i, token in enumerate(found):
        new = np.r_[i + 1, np.minimum(row[1:] + 1, row[:-1] + (b != token))]
        row = np.minimum.accumulate(new - steps) + steps  # insertions, left to right
    return int(row[-1])
