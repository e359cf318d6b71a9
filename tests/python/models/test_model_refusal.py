"""What the core cannot run is refused, by the name of the tensor, operator or field."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from pywakeword import _core

schema = pytest.importorskip(
    "ai_edge_litert.schema_py_generated", reason="writing a .tflite needs the extra 'litert'"
)
from pywakeword.training.export.tflite_writer import (  # noqa: E402
    GraphBuilder,
    Quantization,
    Tensor,
    quantize_weights,
)

pytestmark = pytest.mark.portable

Q = Quantization(0.05, 3)
TIME, CHANNELS, N_STATE = 9, 8, 22


def _features(g: GraphBuilder, name: str = "features") -> Tensor:
    return g.input(name, (1, TIME, 1, CHANNELS), Q)


def _conv(
    g: GraphBuilder, x: Tensor, name: str, *, taps: int = 3, n_out: int = 8, **options: object
):
    rng = np.random.default_rng(0)
    weights, scales = quantize_weights(rng.normal(size=(n_out, taps, 1, x.shape[3])), axis=0)
    return g.conv_2d(x, weights, scales, np.zeros(n_out, np.int32), name, Q, **options)


def _small_model() -> bytes:
    g = GraphBuilder()
    x = _conv(g, _features(g), "conv", taps=TIME)
    g.output(g.reshape(x, (1, 8), "logits"))
    return g.to_bytes()


def _softmax(g: GraphBuilder) -> None:
    x = _conv(g, _features(g), "conv", taps=TIME)
    out = g.tensor("probabilities", x.shape, Q)
    g.operator(schema.BuiltinOperator.SOFTMAX, [x], [out], schema.SoftmaxOptionsT())
    g.output(out)


def _float_features(g: GraphBuilder) -> None:
    x = g.tensor("features", (1, TIME, 1, CHANNELS), Q, dtype=schema.TensorType.FLOAT32)
    g._graph.inputs.append(x.index)
    g.output(_conv(g, x, "logits", taps=TIME))


def _int16_result(g: GraphBuilder) -> None:
    x = _features(g)
    out = g.tensor("wide", x.shape, Q, dtype=schema.TensorType.INT16)
    g.operator(schema.BuiltinOperator.RELU, [x], [out])
    g.output(out)


def _same_padding(g: GraphBuilder) -> None:
    g.output(_conv(g, _features(g), "padded", padding="same"))


def _slice_newest(g: GraphBuilder) -> None:
    g.output(g.slice(_features(g), [0, 0, 0, 0], [1, TIME - 2, 1, CHANNELS], "newest_lost"))


def _slice_channels(g: GraphBuilder) -> None:
    g.output(g.slice(_features(g), [0, 0, 0, 2], [-1, -1, -1, -1], "channels_lost"))


def _missing_features(g: GraphBuilder) -> None:
    g.output(_conv(g, _features(g, name="audio"), "logits", taps=TIME))


def _third_input(g: GraphBuilder) -> None:
    _features(g)
    g.output(g.input("speaker_id", (1, 4), Q))


def _state_width(g: GraphBuilder) -> None:
    _features(g)
    state = g.input("state", (1, N_STATE), Q)
    weights, scales = quantize_weights(np.ones((4, N_STATE + 1)), axis=0)
    g.output(g.fully_connected(state, weights, scales, None, "embedding", Q))


def _static_output(g: GraphBuilder) -> None:
    _features(g)
    g.output(g.relu(g.input("state", (1, N_STATE), Q), "idle", Q))


def _early_output(g: GraphBuilder) -> None:
    g.output(_conv(g, _features(g), "all_frames"))


def _different_timing(g: GraphBuilder) -> None:
    x = _features(g)
    fast = g.crop_oldest(x, TIME - 4, "every_frame")
    slow = _conv(g, x, "every_other", taps=2, stride=(2, 1))
    g.output(g.add(fast, slow, "sum", Q))


def _mixed_time(g: GraphBuilder) -> None:
    g.output(g.reshape(_features(g), (1, TIME * CHANNELS), "flattened"))


def _relu_n1_to_1(g: GraphBuilder) -> None:
    x = _features(g)
    options = schema.AddOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU_N1_TO_1
    out = g.tensor("clipped", x.shape, Q)
    g.operator(schema.BuiltinOperator.ADD, [x, x], [out], options)
    g.output(out)


def _weights_zero_point(g: GraphBuilder) -> None:
    x = _features(g)
    weights = g.constant(
        "shifted_weights", np.ones((4, TIME, 1, CHANNELS), np.int8), scales=[0.1], zero_point=5
    )
    options = schema.Conv2DOptionsT()
    options.strideH = options.strideW = 1
    options.padding = schema.Padding.VALID
    out = g.tensor("y", (1, 1, 1, 4), Q)
    g.operator(schema.BuiltinOperator.CONV_2D, [x, weights], [out], options)
    g.output(out)


def _rescaling_concatenation(g: GraphBuilder) -> None:
    x = _features(g)
    y = g.relu(x, "other_scale", Quantization(0.1))
    g.output(g.concatenation([x, y], "joined"))


UNSUPPORTED: dict[Callable[[GraphBuilder], None], list[str]] = {
    _softmax: ["SOFTMAX", "probabilities"],
    _float_features: ["features", "FLOAT32"],
    _int16_result: ["wide", "INT16"],
    _same_padding: ["CONV_2D", "padded", "SAME"],
    _slice_newest: ["SLICE", "newest_lost", "oldest"],
    _slice_channels: ["SLICE", "channels_lost", "oldest"],
    _missing_features: ["audio", "features"],
    _third_input: ["speaker_id"],
    _static_output: ["idle", "features"],
    _early_output: ["all_frames"],
    _different_timing: ["every_other", "stride"],
    _mixed_time: ["RESHAPE", "flattened"],
    _relu_n1_to_1: ["ADD", "clipped", "fused_activation_function"],
    _weights_zero_point: ["shifted_weights", "zero_point"],
    _rescaling_concatenation: ["CONCATENATION", "joined", "scale"],
}


@pytest.mark.parametrize("build", UNSUPPORTED, ids=lambda build: build.__name__.lstrip("_"))
def test_unsupported(build: Callable[[GraphBuilder], None]) -> None:
    g = GraphBuilder()
    build(g)
    with pytest.raises(_core.UnsupportedOpError) as raised:
        _core.Model(g.to_bytes())
    for word in UNSUPPORTED[build]:
        assert word in str(raised.value)
    assert "\n" not in str(raised.value)


def test_inconsistent_state_width() -> None:
    g = GraphBuilder()
    _state_width(g)
    with pytest.raises(_core.ModelError, match=r"embedding.*'state'.*\[1, 22\]"):
        _core.Model(g.to_bytes())


def test_output_without_producer() -> None:
    g = GraphBuilder()
    _features(g)
    g.output(g.tensor("orphan", (1, 1), Q))
    with pytest.raises(_core.ModelError, match="orphan"):
        _core.Model(g.to_bytes())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x08\x00\x00\x00TFL3", id="header-only"),
        pytest.param(b"\x10\x00\x00\x00ARRO" + bytes(64), id="foreign-flatbuffer"),
        pytest.param(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(64), id="wav"),
        pytest.param(np.random.default_rng(0).bytes(4096), id="random"),
    ],
)
def test_not_a_model(data: bytes) -> None:
    with pytest.raises(_core.ModelError, match=r"TFL3|outside the file"):
        _core.Model(data)


def test_truncated() -> None:
    data = _small_model()
    _core.Model(data)
    for size in range(0, len(data) - 1, 7):
        with pytest.raises(_core.ModelError) as raised:
            _core.Model(data[:size])
        assert str(raised.value)


def test_stream_arguments() -> None:
    stream = _core.Stream(_core.Model(_small_model()))
    with pytest.raises(ValueError, match=r"\(n_frames, 8\)"):
        stream.process(np.zeros((4, 7), np.int8))
    with pytest.raises(ValueError, match=r"state must have the shape \(0,\)"):
        stream.set_state(np.zeros(22, np.int8))
    with pytest.raises(TypeError):
        stream.process(np.zeros((4, 8), np.float32))


def test_second_thread_in_one_stream() -> None:
    stream = _core.Stream(_core.Model(_small_model()))
    frames = np.zeros((3_000_000, CHANNELS), np.int8)
    first = threading.Thread(target=stream.process, args=(frames,))
    first.start()
    refused = False
    while first.is_alive() and not refused:
        time.sleep(0.01)  # lets the first thread in first
        try:
            stream.process(frames[:0])
        except _core.StreamError as error:
            refused = "another thread" in str(error)
    first.join()
    assert refused
    stream.process(frames[:1])  # free again
