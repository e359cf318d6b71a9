"""Trains the head of a word, and its trunk a little, from the trunk of the data package."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from pywakeword.training import release
from pywakeword.training.export.keyword_graph import Ranges
from pywakeword.training.network.mining import mine
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import Shape
from pywakeword.training.network.stages import Curriculum, teach_words
from pywakeword.training.network.warm_start import load_models, restore_normalisation
from pywakeword.training.quantized import teach_quantized
from pywakeword.training.word.stores import Stores

RATE, TRUNK_SHARE = 2.5e-3, 0.3
_STATISTICS_BATCHES, _BATCH = 20, 48
_MINE_EVERY = 500


@dataclass(frozen=True)
class Taught:
    """A trained network: as floats, and with the ranges and weights of its int8 file."""

    exact: Network
    rounded: Network
    ranges: Ranges


def teach(
    shape: Shape,
    stores: Stores,
    trunk: Path,
    work: Path,
    *,
    steps: int,
    quantized_steps: int,
    seed: int,
    trunk_share: float = TRUNK_SHARE,
    progress: Callable[[float], None] = lambda _: None,
) -> Taught:
    """Train one word; checkpoints in `work` let a run that was killed go on.

    Parameters
    ----------
    shape : Shape
        Of the network, with its one word.
    stores : Stores
        What it is trained on.
    trunk : Path
        A `.tflite` of the same size whose trunk it starts from.
    work : Path
        For checkpoints and logs.
    steps, quantized_steps : int
        Batches before the rounding to int8 and with it.
    seed : int
        Random seed.
    trunk_share : float
        The trunk's share of the learning rate.
    progress : callable
        Called with the share of the batches that is done, whenever a checkpoint was written.
    """
    # One thread computes while another draws the next batch.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = Network(shape)
    load_models(network, [trunk])
    # Not varied: in so short a training that made a word worse.
    draw = partial(Curriculum, stores.speech, stores.sounds, shape, varied=False)
    curriculum = draw(seed)
    drawn = (curriculum.words(_BATCH)[0] for _ in range(_STATISTICS_BATCHES))
    restore_normalisation(network, ((m.features, m.state) for m in drawn))

    curriculum = draw(seed + 1)
    mined = work / "hardness.npy"
    if mined.exists() and len(hardness := np.load(mined)) == len(curriculum.negatives):
        curriculum.hardness = hardness

    def each_save(step: int) -> None:
        progress(step / (steps + quantized_steps))
        if step % _MINE_EVERY == 0:
            mine(network, curriculum)
            np.save(mined, curriculum.hardness)

    teach_words(
        network,
        curriculum,
        work,
        steps=steps,
        rate=RATE,
        mine=each_save,
        name="word",
        trunk_share=trunk_share,
    )
    # A seed of its own: the ranges are the same whether or not training was resumed.
    (ranges,) = release.common_ranges(network, draw(seed + 2))
    exact = copy.deepcopy(network)
    teach_quantized(network, [ranges], curriculum, work, steps=quantized_steps, name="quantized")
    return Taught(exact, network, ranges)
