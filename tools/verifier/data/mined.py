"""Where the device's network takes other speech for a word, in the stores that it was trained on.

The stores hold all train speech in several rooms and versions, voices that say near misses,
natural voices and spliced takes. Noise, playback and what an echo canceller leaves of it are
added afresh whenever a candidate is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from pywakeword.device_state import DeviceState
from pywakeword.training.figures.develop import one_hot, smooth
from pywakeword.training.material.features import Store
from pywakeword.training.network.mining import clip_of
from pywakeword.training.network.network import Network
from pywakeword.training.network.sampling import BOUNDARY_UNIT
from pywakeword.training.network.shape import SMOOTHING, sized
from pywakeword.training.network.warm_start import load_models

_CHUNK_FRAMES = 20_000
_APART_STEPS = 25  # of two candidates


@dataclass(frozen=True)
class Mined:
    """False accepts in a store.

    Attributes
    ----------
    entry : (n,) ndarray of int
        The clip.
    start, decided : (n,) ndarray of int
        The device's start estimate and its decision, in frames from the clip's first.
    score : (n,) ndarray of float
        The device's.
    """

    entry: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    decided: npt.NDArray[np.int64]
    score: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.entry)

    @classmethod
    def merged(cls, parts: Sequence[Mined]) -> Mined:
        """Concatenate."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def save(self, path: Path) -> None:
        """Write an .npz, complete or not at all."""
        part = path.with_suffix(".part.npz")
        np.savez(part, **{f.name: getattr(self, f.name) for f in fields(self)})
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> Mined:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return cls(**{f.name: arrays[f.name] for f in fields(cls)})


def devices(models: dict[str, Path]) -> list[Network]:
    """Load the device models, those that share a trunk into one network."""
    left, made = dict(models), []
    while left:
        together: list[str] = []
        for word in list(left):
            try:
                probe = Network(sized("standard", (word,)))
                load_models(probe, [left[w] for w in (*together, word)])
            except ValueError:
                continue
            together.append(word)
        network = Network(sized("standard", tuple(together)))
        load_models(network, [left[w] for w in together])
        made.append(network.eval())
        left = {w: path for w, path in left.items() if w not in together}
    return made


@torch.no_grad()
def mine(network: Network, store: Store, words: tuple[str, ...], threshold: float) -> Mined:
    """Return the false accepts of a device's words; clips with one of `words` are left out."""
    shape, entries = network.shape, store.entries
    state = torch.from_numpy(one_hot(DeviceState()))[None]
    embedded = network.embed_state(state)
    overlap = shape.window_frames - shape.stride
    firsts = np.array([e.first_frame for e in entries])
    lasts = firsts + [e.n_frames for e in entries]
    order = np.argsort(firsts, kind="stable")
    spoken = [word.replace("_", " ") for word in words]
    other = np.array(
        [e.label not in words and not any(w in e.said for w in spoken) for e in entries]
    )
    rows: list[tuple[int, int, int, float]] = []
    for begin in range(0, len(store.features) - shape.window_frames, _CHUNK_FRAMES):
        part = store.features[begin : begin + _CHUNK_FRAMES + overlap].astype(np.float32)
        if len(part) < shape.window_frames:
            break
        trunk = network.trunk(torch.from_numpy(part.T.copy())[None], embedded)
        for i in range(len(shape.words)):
            logit, since, _ = network.head(i, trunk, embedded)[0].numpy()
            score = smooth(1 / (1 + np.exp(-np.clip(logit, -30, 30))), SMOOTHING)
            newest = begin + shape.window_frames - 1 + shape.stride * np.arange(len(score))
            clip, inside = clip_of(newest, firsts[order], lasts[order], shape.window_frames)
            at = order[clip]
            usable = inside & other[at] & (score >= threshold)
            for step in _peaks(np.where(usable, score, 0.0)):
                frame = int(newest[step] - firsts[at[step]])
                start = frame - round(float(since[step]) * BOUNDARY_UNIT)
                rows.append((int(at[step]), start, frame, float(score[step])))
    columns = list(zip(*rows)) or [()] * 4
    kinds = (np.int64, np.int64, np.int64, np.float32)
    return Mined(*(np.array(c, kind) for c, kind in zip(columns, kinds)))


def _peaks(score: npt.NDArray[np.floating]) -> list[int]:
    """Highest steps above 0 that are apart from each other."""
    kept: list[int] = []
    for step in np.flatnonzero(score > 0)[np.argsort(-score[score > 0], kind="stable")]:
        if all(abs(step - k) >= _APART_STEPS for k in kept):
            kept.append(int(step))
    return kept
