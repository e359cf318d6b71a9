"""Models with a common trunk: computed once, with the results of each alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("ai_edge_litert", reason="writing a .tflite needs the extra 'litert'")

from pywakeword import _core
from pywakeword.training.export.tflite_writer import (
    GraphBuilder,
    Quantization,
    Tensor,
    quantize_layer,
)

pytestmark = pytest.mark.portable

N_STATE, EMBEDDING, CHANNELS = 22, 8, 24
CHUNKS = (1, 7, 160, 1280, 5000)


def network(*, head_seed: int, trunk_change: int = 0, head_taps: int = 3) -> bytes:
    """Two strided convolutions, two FiLM residual blocks; only the head is the word's own."""
    rng = np.random.default_rng(5)
    g = GraphBuilder("network of the shared-trunk tests")
    q = Quantization(0.05, 4)

    def layer(x: Tensor, *shape: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        assert x.quantization is not None
        weights = rng.normal(size=shape) / np.sqrt(np.prod(shape) / shape[0])
        return quantize_layer(weights, rng.normal(size=shape[0]), input_scale=x.quantization.scale)

    window = 1 + 4 + 2 * 2 + 4 * (2 + 4 + 2)
    x = g.input("features", (1, window, 1, 64), Quantization(0.06, -5))
    state = g.input("state", (1, N_STATE), Quantization(1 / 255, -128))
    embedding = g.fully_connected(state, *layer(state, EMBEDDING, N_STATE), "embedding", q)
    x = g.conv_2d(x, *layer(x, 16, 5, 1, 64), "stem1", q, stride=(2, 1), activation="relu")
    x = g.conv_2d(x, *layer(x, CHANNELS, 3, 1, 16), "stem2", q, stride=(2, 1), activation="relu")
    for i, dilation in enumerate((1, 2)):
        film = [layer(embedding, CHANNELS, EMBEDDING) for _ in range(2)]
        gamma, beta = (
            g.fully_connected(embedding, *values, f"{name}{i}", q)
            for name, values in zip(("gamma", "beta"), film)
        )
        weights, scales, bias = layer(x, CHANNELS, 3, 1, CHANNELS)
        if i == 1:
            bias[0] += trunk_change
        y = g.conv_2d(x, weights, scales, bias, f"conv{i}", q, dilation=(dilation, 1))
        y = g.add(g.mul(y, gamma, f"scaled{i}", q), beta, f"film{i}", q)
        x = g.add(g.crop_oldest(x, 2 * dilation, f"skip{i}"), y, f"block{i}", q, "relu")
    rng = np.random.default_rng(head_seed)
    dilation = 2 // (head_taps - 1)
    head = layer(x, CHANNELS, head_taps, 1, CHANNELS)
    x = g.conv_2d(x, *head, "head", q, dilation=(dilation, 1), activation="relu")
    x = g.concatenation([g.reshape(x, (1, CHANNELS), "flat"), embedding], "joined")
    for name in ("logits", "start", "end"):
        g.output(g.fully_connected(x, *layer(x, 1, CHANNELS + EMBEDDING), name, q))
    return g.to_bytes()


def spotter(models: list[_core.Model]) -> _core.Spotter:
    n = len(models)
    return _core.Spotter(models, thresholds=[0.9] * n, smoothing_outputs=[1] * n)


def scores(models: list[_core.Model], chunk: int) -> npt.NDArray[np.float32]:
    """With changes of state at certain samples, and everything again after a reset."""
    rng = np.random.default_rng(1)
    pcm = (rng.normal(size=30000) * 4000).astype(np.int16)
    listener = spotter(models)
    rows = []
    for _ in range(2):
        for part, state in enumerate([(0, 0, 0), (1, 2, 3), (1, 2, 3), (4, 1, 5)]):
            listener.set_state(*state)
            piece = pcm[part * 7000 : (part + 1) * 7000]
            rows += [listener.scores(piece[i : i + chunk]) for i in range(0, len(piece), chunk)]
        listener.reset()
    return np.concatenate(rows)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_each_word_scores_as_if_alone(chunk: int) -> None:
    files = [
        network(head_seed=1),
        network(head_seed=2),
        network(head_seed=3, head_taps=2),
        network(head_seed=4, trunk_change=40),
    ]
    models = [_core.Model(file) for file in files]
    together = scores(models, chunk)
    assert len(np.unique(together)) > 50
    for column, model in enumerate(models):
        np.testing.assert_array_equal(together[:, column], scores([model], chunk)[:, 0])


def test_a_common_trunk_is_kept_once() -> None:
    first, second, other = (
        _core.Model(network(head_seed=seed, trunk_change=change))
        for seed, change in ((1, 0), (2, 0), (2, 1))
    )
    alone = spotter([first]).nbytes
    shared = spotter([first, second]).nbytes - alone
    # One bias of the second block differs: what lies before it is shared all the same.
    partly = spotter([first, other]).nbytes - alone
    apart = spotter([second]).nbytes
    assert shared < partly < apart


def test_a_model_shares_all_with_itself() -> None:
    model = _core.Model(network(head_seed=1))
    together = scores([model, model], 160)
    np.testing.assert_array_equal(together[:, 0], together[:, 1])
