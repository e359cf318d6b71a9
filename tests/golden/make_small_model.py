"""Write small_model.tflite: every operator that the core runs, in a few kilobytes.

Run from the root of the repository: python tests/golden/make_small_model.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pywakeword.training.export.tflite_writer import (
    GraphBuilder,
    Quantization,
    Tensor,
    quantize_layer,
)

TIME, BINS, N_STATE, CHANNELS = 13, 8, 22, 6


def build() -> bytes:
    """Return the file: window of 13 frames, stride of 2."""
    rng = np.random.default_rng(20)
    g = GraphBuilder("small model of the core's tests")

    def layer(x: Tensor, *shape: int, axis: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weights = rng.normal(size=shape) / np.sqrt(np.prod(shape) / shape[axis])
        assert x.quantization is not None
        bias = rng.normal(size=shape[axis])
        return quantize_layer(weights, bias, input_scale=x.quantization.scale, axis=axis)

    q = Quantization(0.05, 4)
    x = g.input("features", (1, TIME, 1, BINS), Quantization(0.06, -5))
    state = g.input("state", (1, N_STATE), Quantization(1 / 255, -128))
    embedding = g.fully_connected(state, *layer(state, 4, N_STATE), "embedding", q)
    gamma = g.fully_connected(embedding, *layer(embedding, CHANNELS, 4), "gamma", q)
    gamma = g.reshape(gamma, (1, 1, 1, CHANNELS), "gamma4")
    beta = g.fully_connected(embedding, *layer(embedding, CHANNELS, 4), "beta", q)
    beta = g.reshape(beta, (1, 1, 1, CHANNELS), "beta4")
    x = g.conv_2d(x, *layer(x, CHANNELS, 3, 1, BINS), "conv", q, stride=(2, 1), activation="relu")
    y = g.depthwise_conv_2d(x, *layer(x, 1, 3, 1, CHANNELS, axis=3), "depthwise", q)
    y = g.add(g.mul(y, gamma, "scaled", q), beta, "shifted", q)
    y = g.add(y, g.crop_oldest(x, 2, "skip"), "sum", q, "relu6")
    y = g.relu(y, "relu", Quantization(0.03, -128))
    y = g.conv_2d(y, *layer(y, CHANNELS, 2, 1, CHANNELS), "last", q, dilation=(3, 1))
    y = g.reshape(y, (1, CHANNELS), "flat")
    y = g.concatenation([y, embedding], "joined")
    for name in ("logits", "start", "end"):
        g.output(g.fully_connected(y, *layer(y, 1, CHANNELS + 4), name, q))
    return g.to_bytes()


if __name__ == "__main__":
    Path(__file__).with_name("small_model.tflite").write_bytes(build())
