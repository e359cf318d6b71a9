"""Networks that _core.Spotter refuses, each with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.tone_stream import load_model, make_spotter

from pywakeword import _core

pytestmark = pytest.mark.portable


def python_network(*, frame_stride: int = 4) -> _core.PythonNetwork:
    return _core.PythonNetwork(
        print, window_frames=10, frame_stride=frame_stride, n_keywords=1, n_state=22
    )


def small_model(output_sizes: dict[str, int], n_bins: int = 64) -> _core.Model:
    """One layer per output over a window of four frames."""
    writer = pytest.importorskip(
        "pywakeword.training.export.tflite_writer",
        reason="writing a .tflite needs the extra 'litert'",
    )
    quantization = writer.Quantization(0.1, 0)
    graph = writer.GraphBuilder()
    features = graph.input("features", (1, 4, 1, n_bins), quantization)
    layer = writer.quantize_layer(np.ones((2, 4, 1, n_bins)), np.zeros(2), input_scale=0.1)
    pooled = graph.reshape(graph.conv_2d(features, *layer, "pool", quantization), (1, 2), "flat")
    for name, size in output_sizes.items():
        layer = writer.quantize_layer(np.ones((size, 2)), np.zeros(size), input_scale=0.1)
        graph.output(graph.fully_connected(pooled, *layer, name, quantization))
    return _core.Model(graph.to_bytes())


def test_no_network_is_too_few() -> None:
    with pytest.raises(ValueError, match="at least one network"):
        _core.Spotter([], thresholds=[], smoothing_outputs=[])


def test_other_objects_are_no_networks() -> None:
    networks: Any = [object()]
    with pytest.raises(TypeError, match="networks must hold"):
        _core.Spotter(networks, thresholds=[0.5], smoothing_outputs=[1])


def test_networks_must_share_a_stride() -> None:
    networks = [load_model(), python_network(frame_stride=2)]
    with pytest.raises(ValueError, match=r"strides \(4 and 2\)"):
        _core.Spotter(networks, thresholds=[0.5] * 3, smoothing_outputs=[1] * 3)


def test_the_state_input_must_fit_the_vocabularies() -> None:
    with pytest.raises(_core.UnsupportedOpError, match='"state" takes 22'):
        make_spotter(load_model(), state_sizes=(8, 8, 7))
    with pytest.raises(ValueError, match="n_state"):
        make_spotter(python_network(), state_sizes=(8, 8, 7))


@pytest.mark.parametrize(
    ("output_sizes", "message"),
    [
        ({"start": 1, "end": 1}, 'no output named "logits"'),
        ({"logits": 1, "end": 1}, 'no output named "start"'),
        ({"logits": 1, "start": 1, "stop": 1}, 'no output named "end"'),
        ({"logits": 2, "start": 2, "end": 1}, '"end" has 1 values, but "logits" has 2'),
    ],
)
def test_all_three_outputs_must_be_there(output_sizes: dict[str, int], message: str) -> None:
    with pytest.raises(_core.UnsupportedOpError, match=message):
        make_spotter(small_model(output_sizes))


def test_outputs_and_state_are_matched_by_name_and_the_state_is_optional() -> None:
    spotter = make_spotter(small_model({"end": 2, "logits": 2, "start": 2}))
    spotter.set_state(1, 1, 1)
    assert spotter.process(np.zeros(4000, np.int16)) == []


def test_the_feature_count_must_be_the_front_ends() -> None:
    with pytest.raises(_core.UnsupportedOpError, match='"features" takes 40 values'):
        make_spotter(small_model({"logits": 2, "start": 2, "end": 2}, n_bins=40))
