"""Token error rate of dynamic against fixed look-ahead at equal mean latency.

Dynamic: the frames go through the product's `FrameBatcher`, with the voice activity network's
verdict as it stands when each frame is complete. A batch goes out when it is full or when a
pause has lasted 200 ms, and a frame looks as far ahead as its batch goes. Fixed: every frame
looks k frames ahead, spread over the blocks. A frame's latency is what it waits for the frames
that it looks at; between two whole k the fixed error is interpolated. One network, trained
with both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pywakeword import Endpointer, FrameBatcher
from tools.endpointing.data.augment import stacked
from tools.endpointing.data.features import Item
from tools.endpointing.data.tokens import TOKENS
from tools.endpointing.networks.encoder import Encoder, fixed_right
from tools.endpointing.networks.training import token_targets

FRAME_MS = 40
_FLUSH_PAUSE_MS = 200.0
_SPEECH = 0.5
_EOS = len(TOKENS) - 1
_BOOTSTRAPS = 1000


@dataclass(frozen=True)
class _Result:
    """One way of looking ahead: errors of each utterance, and what its frames waited."""

    wrong: npt.NDArray[np.int64]
    waits: npt.NDArray[np.int64]  # frames, summed over each utterance
    flushed: int = 0  # batches that a pause sent out
    batches: int = 0

    def latency_ms(self, n_frames: npt.NDArray[np.int64]) -> float:
        """Mean over all frames."""
        return FRAME_MS * float(self.waits.sum() / n_frames.sum())


def compare(
    encoder: Encoder, items: list[Item], batch_sizes: tuple[int, ...], most_fixed: int = 12
) -> list[dict[str, Any]]:
    """One row a batch size: mean latency in ms, and token error rates in per cent at it.

    `difference_interval` holds dynamic less fixed, 95 %, by drawing utterances.
    """
    items = [i for i in items if i.labels is not None]
    inputs = [torch.from_numpy(stacked(i.features.astype(np.float32))) for i in items]
    n_frames = np.array([len(x) for x in inputs])
    wanted = [_wanted(i) for i in items]
    n_tokens = np.array([len(w) for w in wanted])
    blocks = encoder.shape.blocks
    speech = [_is_speech(i, len(x)) for i, x in zip(items, inputs)]

    def tried(rights: list[npt.NDArray[np.int64]], **counts: int) -> _Result:
        wrong = [edits(_decoded(encoder, x, r), w) for x, r, w in zip(inputs, rights, wanted)]
        waits = [int((r if r.ndim == 1 else r.sum(axis=0)).sum()) for r in rights]
        return _Result(np.array(wrong), np.array(waits), **counts)

    fixed = [tried([fixed_right(n, k, blocks) for n in n_frames]) for k in range(most_fixed + 1)]
    rows = []
    for size in batch_sizes:
        found = [batched_right(s, size) for s in speech]
        dynamic = tried(
            [right for right, _ in found],
            flushed=sum(reasons.count("pause") for _, reasons in found),
            batches=sum(len(reasons) for _, reasons in found),
        )
        rows.append(_row(size, dynamic, fixed, n_frames, n_tokens))
    return rows


def batched_right(
    is_speech: npt.NDArray[np.bool_], max_frames: int
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Right context of each frame as the batcher gives it, and why each batch went out."""
    batcher = FrameBatcher(
        max_frames, _FLUSH_PAUSE_MS, max_wait_ms=FRAME_MS * max_frames, frame_ms=FRAME_MS
    )
    batches = batcher.push(np.arange(len(is_speech)), is_speech) + batcher.close()
    return np.concatenate([b.right_context for b in batches]), [b.reason for b in batches]


def _row(
    size: int,
    dynamic: _Result,
    fixed: list[_Result],
    n_frames: npt.NDArray[np.int64],
    n_tokens: npt.NDArray[np.int64],
) -> dict[str, Any]:
    latency_ms = dynamic.latency_ms(n_frames)
    latencies = [f.latency_ms(n_frames) for f in fixed]
    if latency_ms > latencies[-1]:
        raise ValueError(f"no fixed look-ahead waits as long as batches of {size} frames")
    wrong = _between(latency_ms, latencies, [f.wrong for f in fixed])
    draws = np.random.default_rng(7).integers(len(n_tokens), size=(_BOOTSTRAPS, len(n_tokens)))
    drawn = 100 * (dynamic.wrong - wrong)[draws].sum(axis=1) / n_tokens[draws].sum(axis=1)
    return {
        "batch_frames": size,
        "mean_look_ahead_ms": round(latency_ms, 1),
        "flushed_by_a_pause": round(dynamic.flushed / dynamic.batches, 3),
        "dynamic_error": round(100 * float(dynamic.wrong.sum() / n_tokens.sum()), 2),
        "fixed_error": round(100 * float(wrong.sum() / n_tokens.sum()), 2),
        "difference_interval": [round(float(v), 2) for v in np.percentile(drawn, [2.5, 97.5])],
    }


def _between(
    latency_ms: float, latencies: list[float], wrong: list[npt.NDArray[np.int64]]
) -> npt.NDArray[np.float64]:
    """Errors of each utterance at a latency that lies between two of the fixed ones."""
    after = min(int(np.searchsorted(latencies, latency_ms)), len(latencies) - 1)
    before = max(after - 1, 0)
    step = latencies[after] - latencies[before]
    share = (latency_ms - latencies[before]) / step if step else 0.0
    return np.asarray((1 - share) * wrong[before] + share * wrong[after])


def _wanted(item: Item) -> list[int]:
    assert item.labels is not None
    return [t for t in token_targets(item.labels) if t != _EOS]


def _is_speech(item: Item, n_frames: int) -> npt.NDArray[np.bool_]:
    """Ask the voice activity network, as it stands when each frame of 40 ms is complete."""
    posterior = Endpointer().probabilities(item.pcm)[3 : 4 * n_frames : 4]
    return np.pad(posterior, (0, n_frames - len(posterior)), "edge") >= _SPEECH


def _decoded(encoder: Encoder, x: torch.Tensor, right: npt.NDArray[np.int64]) -> list[int]:
    """Greedy CTC without repeats, blanks and the end token."""
    look = np.array(np.broadcast_to(right, (encoder.shape.blocks, len(x))))
    with torch.no_grad():
        _, scores, _ = encoder(x[None], torch.from_numpy(look)[None])
    best = scores[0].argmax(-1).tolist()
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
