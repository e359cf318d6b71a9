"""Random small networks of the operators that the core runs, from a seed.

Scales are chosen so that values spread over the int8 range: a graph whose outputs are
all clipped would agree with anything.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pywakeword.training.export.tflite_writer import GraphBuilder, Quantization, Tensor

N_STATE = 22
_TYPICAL_INT8 = 60.0  # magnitude of a value, about the deviation of a uniform one

Block = tuple[str, dict[str, int]]


class RandomGraph:
    """Draws the structure first, because the window length follows from it."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._names = 0
        self._builder = GraphBuilder(f"random graph {seed}")
        self._has_state = bool(self._rng.random() < 0.8)
        self._blocks = [self._draw_block() for _ in range(self._rng.integers(1, 5))]

    def build(self) -> bytes:
        """Return the .tflite file."""
        time = 1
        for _, window in reversed(self._blocks):
            time = (time - 1) * window["stride"] + (window["taps"] - 1) * window["dilation"] + 1
        width = int(self._rng.choice([1, 1, 4, 6]))
        channels = int(self._rng.integers(3, 20))
        builder = self._builder
        x = builder.input("features", (1, time, width, channels), self._quantization(0.05))
        self._embedding: Tensor | None = None
        if self._has_state:
            state = builder.input("state", (1, N_STATE), self._quantization(0.01))
            self._embedding = self._dense(state, int(self._rng.integers(4, 12)), "relu")
        for kind, window in self._blocks:
            makers: dict[str, Callable[[Tensor, dict[str, int]], Tensor]] = {
                "conv": self._conv,
                "depthwise": self._depthwise,
                "residual": self._residual,
            }
            x = makers[kind](x, window)
            if self._rng.random() < 0.5:
                x = self._modulate(x)
            if self._rng.random() < 0.2:
                x = builder.relu(x, self._name("relu"), self._requantized(x, 0.8))
        self._heads(x)
        return builder.to_bytes()

    def _draw_block(self) -> Block:
        draw = self._rng.integers
        kind = str(self._rng.choice(["conv", "conv", "depthwise", "residual"]))
        window = {
            "taps": int(draw(1, 5)),
            "stride": 1 if kind == "residual" else int(self._rng.choice([1, 1, 2, 3])),
            "dilation": int(self._rng.choice([1, 1, 2, 3, 5])),
        }
        return kind, window

    def _conv(self, x: Tensor, window: dict[str, int], *, keep_shape: bool = False) -> Tensor:
        rng = self._rng
        width = x.shape[2]
        taps_width = 1 if keep_shape else int(rng.integers(1, min(3, width) + 1))
        stride_width = 1 if keep_shape else int(rng.choice([1, 2]))
        dilation_width = 2 if not keep_shape and width > (taps_width - 1) * 2 else 1
        n_out = x.shape[3] if keep_shape else int(rng.integers(3, 40))
        shape = (n_out, window["taps"], taps_width, x.shape[3])
        weights, scales, bias = self._weights(shape, axis=0)
        return self._builder.conv_2d(
            x,
            weights,
            scales,
            bias,
            self._name("conv"),
            self._layer_quantization(x, scales, weights[0].size),
            stride=(window["stride"], stride_width),
            dilation=(window["dilation"], dilation_width),
            activation=self._activation(),
        )

    def _depthwise(self, x: Tensor, window: dict[str, int]) -> Tensor:
        multiplier = int(self._rng.integers(1, 3))
        taps_width = int(self._rng.integers(1, min(3, x.shape[2]) + 1))
        shape = (1, window["taps"], taps_width, x.shape[3] * multiplier)
        weights, scales, bias = self._weights(shape, axis=3)
        return self._builder.depthwise_conv_2d(
            x,
            weights,
            scales,
            bias,
            self._name("depthwise"),
            self._layer_quantization(x, scales, window["taps"] * taps_width),
            stride=(window["stride"], 1),
            dilation=(window["dilation"], 1),
            activation=self._activation(),
        )

    def _residual(self, x: Tensor, window: dict[str, int]) -> Tensor:
        y = self._modulate(self._conv(x, window, keep_shape=True))
        cropped = x.shape[1] - y.shape[1]
        skip = self._builder.crop_oldest(x, cropped, self._name("skip"))
        operands = (y, skip) if self._rng.random() < 0.5 else (skip, y)
        return self._add(*operands)

    def _modulate(self, x: Tensor) -> Tensor:
        """FiLM: scale and shift from the embedding, or constant ones."""
        gamma, beta = self._channels(x), self._channels(x)
        assert x.quantization is not None
        assert gamma.quantization is not None
        scale = x.quantization.scale * gamma.quantization.scale * _TYPICAL_INT8
        operands = (x, gamma) if self._rng.random() < 0.7 else (gamma, x)
        product = self._builder.mul(
            *operands, self._name("mul"), self._quantization(scale), self._activation()
        )
        return self._add(product, beta)

    def _add(self, a: Tensor, b: Tensor) -> Tensor:
        assert a.quantization is not None
        assert b.quantization is not None
        scale = max(a.quantization.scale, b.quantization.scale)
        return self._builder.add(
            a, b, self._name("add"), self._quantization(scale), self._activation()
        )

    def _channels(self, x: Tensor) -> Tensor:
        """Return a [1, 1, 1, C] operand for `x`, from the state if there is one."""
        n_channels = x.shape[3]
        if self._embedding is None or self._rng.random() < 0.2:
            values = self._rng.integers(-128, 128, (1, 1, 1, n_channels), dtype=np.int8)
            quantization = self._quantization(1 / _TYPICAL_INT8)
            return self._builder.constant(
                self._name("constant"),
                values,
                scales=[quantization.scale],
                zero_point=quantization.zero_point,
            )
        flat = self._dense(self._embedding, n_channels, "none")
        return self._builder.reshape(flat, (1, 1, 1, n_channels), self._name("reshape"))

    def _heads(self, x: Tensor) -> None:
        flat = self._builder.reshape(x, (1, x.shape[2] * x.shape[3]), self._name("flat"))
        if self._embedding is not None:
            # A concatenation takes operands of one quantization only.
            assert self._embedding.quantization is not None
            weights, scales, bias = self._weights((9, flat.shape[1]), axis=0)
            narrow = self._builder.fully_connected(
                flat, weights, scales, bias, self._name("dense"), self._embedding.quantization
            )
            flat = self._builder.concatenation([narrow, self._embedding], self._name("concat"))
        for name, size in (("logits", 2), ("start", 1), ("end", 3)):
            self._builder.output(self._dense(flat, size, "none", name=name))

    def _dense(self, x: Tensor, n_out: int, activation: str, *, name: str | None = None) -> Tensor:
        weights, scales, bias = self._weights((n_out, x.shape[1]), axis=0)
        per_tensor, biased = self._rng.random(2) < (0.5, 0.8)
        scales = scales[:1] if per_tensor else scales
        quantization = self._layer_quantization(x, scales, x.shape[1])
        return self._builder.fully_connected(
            x,
            weights,
            scales,
            bias if biased else None,
            name or self._name("dense"),
            quantization,
            activation=activation,
        )

    def _weights(
        self, shape: tuple[int, ...], *, axis: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weights = self._rng.integers(-127, 128, shape, dtype=np.int8)
        # A layer that keeps the scale of its input, as trained ones about do.
        gain = 1 / (_TYPICAL_INT8 * np.sqrt(weights.size / shape[axis]))
        scales = (gain * self._rng.uniform(0.5, 1.5, shape[axis])).astype(np.float32)
        deviation = _TYPICAL_INT8**2 * np.sqrt(weights.size / shape[axis])
        bias = self._rng.normal(scale=deviation / 2, size=shape[axis]).astype(np.int32)
        return weights, scales, bias

    def _layer_quantization(self, x: Tensor, scales: np.ndarray, n_in: int) -> Quantization:
        assert x.quantization is not None
        accumulator = _TYPICAL_INT8**2 * np.sqrt(n_in) * x.quantization.scale * scales.mean()
        return self._quantization(float(accumulator) / _TYPICAL_INT8)

    def _requantized(self, x: Tensor, factor: float) -> Quantization:
        assert x.quantization is not None
        return self._quantization(x.quantization.scale * factor)

    def _quantization(self, scale: float) -> Quantization:
        zero_point = int(self._rng.integers(-60, 60))
        if self._rng.random() < 0.3:
            zero_point = -128
        return Quantization(float(np.float32(scale * self._rng.uniform(0.8, 1.6))), zero_point)

    def _activation(self) -> str:
        return str(self._rng.choice(["none", "none", "relu", "relu6"]))

    def _name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"
