"""Hard negatives: scan every negative stream and draw more of what still fires."""

from __future__ import annotations

import numpy as np
import torch

from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import N_STATE
from pywakeword.training.network.stages import Curriculum

_CHUNK_FRAMES = 20_000
_MINED_SHARE = 0.5


@torch.no_grad()
def highest_posteriors(network: Network, curriculum: Curriculum) -> np.ndarray:
    """Highest posterior of any word in every negative clip, device state unknown."""
    network.eval()
    shape, features = network.shape, curriculum.store.features
    state = torch.zeros(1, sum(N_STATE))
    state[0, [0, N_STATE[0], N_STATE[0] + N_STATE[1]]] = 1
    embedded = network.embed_state(state)
    overlap = shape.window_frames - shape.stride
    newest: list[np.ndarray] = []
    posterior: list[np.ndarray] = []
    for begin in range(0, len(features) - shape.window_frames, _CHUNK_FRAMES):
        part = features[begin : begin + _CHUNK_FRAMES + overlap].astype(np.float32)
        if len(part) < shape.window_frames:
            break
        trunk = network.trunk(torch.from_numpy(part.T.copy())[None], embedded)
        logits = torch.stack(
            [network.head(i, trunk, embedded)[0, 0] for i in range(len(shape.words))]
        )
        best = logits.max(dim=0).values.sigmoid().numpy()
        newest.append(begin + shape.window_frames - 1 + shape.stride * np.arange(len(best)))
        posterior.append(best)
    at, value = np.concatenate(newest), np.concatenate(posterior)
    entries = curriculum.store.entries
    firsts = np.array([e.first_frame for e in entries])
    lasts = firsts + [e.n_frames for e in entries]
    clip, inside = clip_of(at, firsts, lasts, shape.window_frames)
    highest = np.zeros(len(firsts), np.float32)
    np.maximum.at(highest, clip[inside], value[inside])
    return np.asarray(highest[curriculum.negatives])


def clip_of(
    newest: np.ndarray, firsts: np.ndarray, lasts: np.ndarray, window_frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the clip of every output, and whether the output says something about it.

    `newest` are the newest frames of the outputs. It does not where a clip was left out of the
    store, or where the window reaches back into the clip before: every clip begins with a window
    of silence.
    """
    clip = np.searchsorted(firsts, newest, side="right") - 1
    return clip, (newest < lasts[clip]) & (newest >= firsts[clip] + window_frames - 1)


def mine(network: Network, curriculum: Curriculum) -> dict[str, float]:
    """Reweight the negatives: half of the draws by length, half by how wrong they are."""
    highest = highest_posteriors(network, curriculum)
    frames = np.array([curriculum.store.entries[i].n_frames for i in curriculum.negatives])
    plain, wrong = np.sqrt(frames), highest.astype(np.float64) ** 2 + 1e-4
    curriculum.hardness = (
        1 - _MINED_SHARE
    ) * plain / plain.sum() + _MINED_SHARE * wrong / wrong.sum()
    return {"above 0.5": float((highest > 0.5).sum()), "above 0.9": float((highest > 0.9).sum())}
