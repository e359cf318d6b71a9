"""Network, folding and int8 export; needs the extra `kits`: pytest tests/train."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pywakeword import _core
from pywakeword.training.export.keyword_graph import build, calibrate, fold, run_float
from pywakeword.training.material.features import INPUT_FLOOR
from pywakeword.training.network.network import Film, Network
from pywakeword.training.network.shape import N_STATE, Shape


def batch(size: int, frames: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    features = torch.randn(size, 64, frames, generator=generator) * 2 - 6
    state = torch.zeros(size, sum(N_STATE))
    for row in state:
        offset = 0
        for width in N_STATE:
            row[offset + int(torch.randint(width, (1,), generator=generator))] = 1
            offset += width
    return features, state


@pytest.fixture(params=[(True, True), (False, True), (True, False)], ids=str)
def network(request: pytest.FixtureRequest) -> Network:
    torch.manual_seed(3)
    film, concatenate = request.param
    made = Network(Shape(words=("alexa", "computer"), film=film, concatenate=concatenate))
    for module in made.modules():
        if isinstance(module, Film) and module.project is not None:
            torch.nn.init.normal_(module.project.weight, std=0.2)
    made.train()
    generator = torch.Generator().manual_seed(4)
    for _ in range(10):  # statistics for batch normalisation
        made(*batch(8, made.shape.window_frames + 40, generator))
    return made.eval()


@torch.no_grad()
def test_folding_changes_nothing(network: Network) -> None:
    features, state = batch(4, network.shape.window_frames + 8, torch.Generator().manual_seed(5))
    expected = network(features, state)
    for word in range(2):
        values = run_float(fold(network, word), features, state)
        for channel, (name, unit) in enumerate((("logits", 1), ("start", 50), ("end", 50))):
            got = values[name][:, 0] / unit
            torch.testing.assert_close(got, expected[:, word, channel], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_int8_in_the_core_is_close_to_float(network: Network) -> None:
    generator = torch.Generator().manual_seed(6)
    frames = network.shape.window_frames
    folded = fold(network, 1)
    ranges = calibrate(folded, [batch(16, frames, generator) for _ in range(8)])
    model = _core.Model(build(folded, ranges, "test"))
    assert (model.window_frames, model.frame_stride) == (frames, network.shape.stride)
    features, state = batch(16, frames, generator)
    exact = run_float(folded, features, state)
    scale, zero = model.features_quantization
    stream = _core.Stream(model)
    for i in range(16):
        quantized = np.clip(np.rint(features[i].T.numpy() / scale) + zero, -128, 127)
        stream.reset()
        stream.set_state(state[i].numpy().astype(np.int8))
        got = stream.process(np.ascontiguousarray(quantized, np.int8))
        for name, value, (step, offset) in zip(model.output_names, got, model.output_quantization):
            real = (int(value[0, 0]) - offset) * step
            spread = float(ranges[name][1] - ranges[name][0])
            assert abs(real - float(exact[name][i, 0, 0])) < 0.08 * spread + 2 * step


@torch.no_grad()
def test_digital_silence_is_the_silence_of_a_quiet_room(network: Network) -> None:
    generator = torch.Generator().manual_seed(8)
    frames = network.shape.window_frames
    folded = fold(network, 0)
    features, state = batch(16, frames, generator)
    ranges = calibrate(folded, [(features, state)])
    assert ranges["features"][0] == INPUT_FLOOR
    gated, room = features.clone(), features.clone()
    gated[..., 20:40], room[..., 20:40] = -13.8, INPUT_FLOOR
    torch.testing.assert_close(network(gated, state), network(room, state))
    values = [run_float(folded, x, state)["logits"] for x in (gated, room)]
    torch.testing.assert_close(*values)
