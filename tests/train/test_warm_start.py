"""Starting from an int8 model; needs the extra `train`: pytest tests/train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import pywakeword
from pywakeword.models.bundled import bundled_dir
from pywakeword.training.figures.develop import outputs, smooth
from pywakeword.training.material import synthesis
from pywakeword.training.material.features import lfbe, to_pcm
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import N_STATE, sized
from pywakeword.training.network.warm_start import (
    load_models,
    read_constants,
    restore_normalisation,
)

WORDS = ("alexa", "computer")


def models(size: str = "") -> list[Path]:
    return [bundled_dir() / f"{word}{size}.tflite" for word in WORDS]


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    features = torch.randn(6, 64, 300, generator=generator) * 2 - 6
    state = torch.zeros(6, sum(N_STATE))
    state[:, [0, N_STATE[0] + 1, N_STATE[0] + N_STATE[1]]] = 1
    return features, state


@pytest.mark.parametrize("size", ["", "-small"])
def test_the_network_scores_as_the_model_that_it_was_read_from(size: str) -> None:
    for path in models(size):  # the small ones do not share a trunk
        word = path.stem.removesuffix("-small")
        network = Network(sized("small" if size else "standard", (word,)))
        load_models(network, [path])
        network.eval()
        spoken = synthesis.speak(word, synthesis.Voice("flite", "slt"))
        # A floor: the input of earlier models begins below INPUT_FLOOR.
        noise = np.random.default_rng(0).normal(0, 1e-3, len(spoken) + 32_000)
        samples = np.pad(spoken, 16_000) + noise
        spotter = pywakeword.WakeWord(str(path))
        expected = spotter.scores(to_pcm(samples))[:, 0]
        logits = outputs(network, lfbe(samples).astype(np.float16), spotter.device_state)[..., 0]
        got = smooth(1 / (1 + np.exp(-logits)))
        assert abs(got.max() - expected.max()) < 0.1  # rounding, where scores rise steeply
        assert got.max() > 0.8


def test_restored_normalisation_changes_no_output_and_fits_the_data() -> None:
    network = Network(sized("standard", WORDS))
    load_models(network, models())
    network.eval()
    with torch.no_grad():
        before = network(*batch())
        restore_normalisation(network, [batch()])
        torch.testing.assert_close(network(*batch()), before, atol=1e-4, rtol=1e-4)
        network.train()  # the statistics of the batch itself are now those that were stored
        torch.testing.assert_close(network(*batch()), before, atol=1e-3, rtol=1e-3)


def test_models_of_another_size_or_trunk_are_refused() -> None:
    network = Network(sized("standard", WORDS))
    with pytest.raises(ValueError, match="of another size"):
        load_models(network, models("-small"))
    with pytest.raises(ValueError, match="another trunk"):
        load_models(network, [models()[0], models("-small")[1]])


def test_constants_have_the_scale_of_their_channel() -> None:
    constants = read_constants(models()[0])
    assert constants["stem1/weights"].shape == (48, 5, 1, 64)
    assert 0.05 < float(constants["head/weights"].abs().max()) < 5
