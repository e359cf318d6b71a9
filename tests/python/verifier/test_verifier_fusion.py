"""Networks that get the device state, and scores that join network and device."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="the server extra is not installed")
pytest.importorskip("onnx", reason="writes the tiny models")

import onnx
from helpers.tiny_verifier import candidate, write_verifier
from onnx import TensorProto, helper

from pywakeword import DeviceState
from pywakeword.errors import CardError, ModelError
from pywakeword.models.digest import file_entry
from pywakeword.verifier import OnnxScorer, Snippet
from pywakeword.verifier.scorer import Fusion
from pywakeword.verifier.snippet import state_vector


def snippet(**options: object) -> Snippet:
    found = candidate()
    return Snippet("beep", found.snippet, found.pre_roll_samples, **options)


def change_card(path: Path, **changes: object) -> None:
    card = path.with_suffix(".json")
    card.write_text(json.dumps({**json.loads(card.read_text()), **changes}))


def with_state(path: Path, size: int = 22, name: str = "state") -> None:
    """Add to the score whether the device plays music."""
    model = onnx.load(path)
    graph = model.graph
    graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size]))
    column = np.zeros((size, 1), np.float32)
    column[10] = -6.0
    graph.initializer.append(onnx.numpy_helper.from_array(column, "column"))
    graph.initializer.append(onnx.numpy_helper.from_array(np.array([1]), "last"))
    for node in graph.node:
        if "score" in node.output:
            node.input[0] = "steered"
    for node in (
        helper.make_node("Add", ["logit", "steer"], ["steered"]),
        helper.make_node("Squeeze", ["column_sum", "last"], ["steer"]),
        helper.make_node("MatMul", [name, "column"], ["column_sum"]),
    ):
        graph.node.insert(0, node)
    steps = [graph.node[i] for i in (2, 1, 0)]
    last = next(node for node in graph.node if "score" in node.output)
    for node in (*steps, last):
        graph.node.remove(node)
    graph.node.extend([*steps, last])
    data = model.SerializeToString()
    path.write_bytes(data)
    change_card(path, model=file_entry(path.name, data))


def test_a_card_without_fusion_gives_the_networks_score(tmp_path: Path) -> None:
    write_verifier(tmp_path)
    low, high = OnnxScorer(tmp_path).score([snippet(score=0.1), snippet(score=0.99)])
    assert low.score == high.score


def test_the_devices_score_counts_as_the_card_says(tmp_path: Path) -> None:
    path = write_verifier(tmp_path)
    (alone,) = OnnxScorer(tmp_path).score([snippet()])
    change_card(path, fusion={"network": 0.5, "device": 2.0, "constant": -1.0})
    low, high = OnnxScorer(tmp_path).score([snippet(score=0.1), snippet(score=0.99)])
    assert low.score < high.score
    expected = Fusion(0.5, 2.0, -1.0)(np.array([alone.score]), np.array([0.1]))
    assert low.score == pytest.approx(float(expected[0]))


@pytest.mark.parametrize(
    "fusion", [{}, {"network": "1", "device": 0, "constant": 0}, {"network": 1.0, "device": 0.5}, 7]
)
def test_a_wrong_fusion_is_refused(tmp_path: Path, fusion: object) -> None:
    change_card(write_verifier(tmp_path), fusion=fusion)
    with pytest.raises(CardError, match="fusion"):
        OnnxScorer(tmp_path)


def test_extreme_scores_stay_inside(tmp_path: Path) -> None:
    change_card(write_verifier(tmp_path), fusion={"network": 50, "device": 50, "constant": 0})
    for verdict in OnnxScorer(tmp_path).score([snippet(score=0.0), snippet(score=1.0)]):
        assert 0 <= verdict.score <= 1


def test_the_network_sees_the_device_state(tmp_path: Path) -> None:
    with_state(write_verifier(tmp_path))
    scorer = OnnxScorer(tmp_path)
    states = [DeviceState(), DeviceState(playback="music", volume=0.5)]
    quiet, music = scorer.score([snippet(device_state=s) for s in states])
    assert music.score < quiet.score


@pytest.mark.parametrize(("size", "name"), [(21, "state"), (22, "mood")])
def test_another_input_is_refused(tmp_path: Path, size: int, name: str) -> None:
    with_state(write_verifier(tmp_path), size, name)
    with pytest.raises(ModelError, match="only state"):
        OnnxScorer(tmp_path)


def test_state_vector_is_three_times_one_hot() -> None:
    row = state_vector(DeviceState("speaker", "music", 0.5))
    assert np.flatnonzero(row).tolist() == [1, 8 + 2, 16 + 3]
