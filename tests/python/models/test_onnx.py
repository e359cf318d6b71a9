"""One module opens ONNX models; it checks each against its card first."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import pywakeword
from pywakeword.errors import CardError, MissingExtraError, ModelError, ModelNotFoundError
from pywakeword.models.bundled import bundled_dir
from pywakeword.models.digest import file_entry
from pywakeword.models.onnx import OnnxModel, load_onnx_model, open_session

onnx = pytest.importorskip("onnx", reason="writing ONNX models needs the package onnx")
pytest.importorskip("onnxruntime", reason="the endpoint extra is not installed")

PACKAGE = Path(pywakeword.__file__).parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A model that doubles its input, with its card."""
    values = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 2])
        for name in ("x", "y")
    ]
    node = onnx.helper.make_node("Add", ["x", "x"], ["y"])
    graph = onnx.helper.make_graph([node], "double", values[:1], values[1:])
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8
    )
    path = tmp_path / "double.onnx"
    path.write_bytes(model.SerializeToString())
    write_card(path)
    return path


def write_card(path: Path, **changes: object) -> None:
    card = {
        "format_version": 1,
        "task": "double",
        "name": "double",
        "model": file_entry(path.name, path.read_bytes()),
        **changes,
    }
    card = {name: value for name, value in card.items() if value is not ...}
    path.with_suffix(".json").write_text(json.dumps(card))


def load(path: str | Path, *, lfbe: bool = False) -> OnnxModel:
    return load_onnx_model(path, "double", room="verifier", extra="server", lfbe=lfbe)


def test_a_model_runs(path: Path) -> None:
    model = load(path)
    assert (model.inputs, model.outputs) == ({"x": ("n", 2)}, {"y": ("n", 2)})
    (found,) = model.run({"x": np.ones((3, 2), np.float32)}, ["y"])
    assert found.tolist() == [[2, 2]] * 3
    with pytest.raises(ModelError, match="'x' has no fixed size"):
        model.fixed_shape("x")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 2}, "format_version is 2, this build reads 1"),
        ({"format_version": ...}, "field format_version is missing"),
        ({"task": "verifier"}, "the task is 'verifier', expected 'double'"),
        ({"task": ...}, "the task is 'keyword', expected 'double'"),
        ({"model": ...}, "field model is missing"),
        ({"model": {"file": "double.onnx", "bytes": 1}}, "field model.sha256 is missing"),
        ({"model": {"file": "double.onnx", "sha256": "00"}}, "field model.bytes is missing"),
        ({"model": {"file": "a", "bytes": 1, "sha256": "00"}}, "bytes, its card says 1"),
    ],
)
def test_a_card_that_does_not_fit(path: Path, changes: dict, message: str) -> None:
    write_card(path, **changes)
    with pytest.raises(CardError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_another_file_of_the_same_length(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(CardError, match="sha256"):
        load(path)


def test_a_front_end_is_required_only_of_models_that_read_features(path: Path) -> None:
    load(path)
    with pytest.raises(CardError, match="field frontend is missing"):
        load(path, lfbe=True)
    write_card(path, frontend={"hop_samples": 128})
    load(path)
    with pytest.raises(CardError, match="front-end field"):
        load(path, lfbe=True)


def test_a_missing_model_lists_the_bundled_ones(path: Path) -> None:
    for model in ("nowhere", path.with_name("other.onnx")):
        with pytest.raises(ModelNotFoundError, match="bundled models: alexa, computer"):
            load(model)


def test_a_refused_file_and_a_missing_extra(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="ONNX Runtime refuses"):
        open_session(b"junk", extra="server")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[server\]"):
        load(path)


def test_no_other_module_opens_sessions() -> None:
    openers = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "InferenceSession(" in path.read_text(encoding="utf-8")
    ]
    assert openers == ["models/onnx.py"]


def test_every_bundled_card_has_the_same_head() -> None:
    folder = bundled_dir()
    models = [*folder.rglob("*.tflite"), *folder.rglob("*.onnx")]
    # An addon describes all of its networks in addon.json.
    models = [path for path in models if not path.with_name("addon.json").exists()]
    assert len(models) >= 10
    for path in models:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert card["format_version"] == 1
        assert {"task", "name", "licence"} <= set(card)
        assert card["model"] == file_entry(path.name, path.read_bytes())
