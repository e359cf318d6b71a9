"""A verifier network of the shape of the CRA, with random weights: for load and fault tests.

Strided convolutions, two recurrent directions and attention over 195 frames of 64 LFBE,
0.38 M parameters. Its verdicts mean nothing; what it costs is what it is for.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from pywakeword.models.compatibility import FRONT_END
from pywakeword.models.digest import file_entry

_CHANNELS = (24, 32, 32)
_HIDDEN = 128
_OPSET = 17


def write_stand_in(folder: Path, keyword: str, seed: int = 7) -> Path:
    """Write <keyword>.onnx and its card."""
    folder.mkdir(parents=True, exist_ok=True)
    data = _model(np.random.default_rng(seed))
    path = folder / f"{keyword}.onnx"
    path.write_bytes(data)
    card = {
        "format_version": 1,
        "task": "verifier",
        "keyword": keyword,
        "model": file_entry(path.name, data),
        "network": {"name": "stand-in-195"},
        "frontend": dict(FRONT_END),
        "threshold_accept": 0.5,
        "threshold_reject": 0.5,
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return path


def n_parameters(path: Path) -> int:
    """Return the number of float weights of an ONNX file."""
    weights = onnx.load(path).graph.initializer
    kinds = (TensorProto.FLOAT, TensorProto.FLOAT16)
    return sum(int(np.prod(w.dims)) for w in weights if w.data_type in kinds)


def _model(rng: np.random.Generator) -> bytes:
    constants: dict[str, npt.NDArray[np.generic]] = {
        "image": np.array([0, 1, 195, 64], np.int64),
        "rows": np.array([0, 0, -1], np.int64),
        "axis_1": np.array([1], np.int64),
        "attention": _weights(rng, 2 * _HIDDEN, 1),
        "heads": _weights(rng, 2 * _HIDDEN, 3),
        "w": _weights(rng, 2, 3 * _HIDDEN, 8 * _CHANNELS[-1]),
        "r": _weights(rng, 2, 3 * _HIDDEN, _HIDDEN),
        "zero": np.array(0, np.float32),
        "shape_d": np.array([0, 0, 2 * _HIDDEN], np.int64),
    }
    nodes = [helper.make_node("Reshape", ["features", "image"], ["c0"])]
    n_in = 1
    for i, n_out in enumerate(_CHANNELS):
        constants[f"k{i}"] = _weights(rng, n_out, n_in, 3, 3)
        nodes += [
            helper.make_node("Conv", [f"c{i}", f"k{i}"], [f"a{i}"], strides=[2, 2], pads=[1] * 4),
            helper.make_node("Relu", [f"a{i}"], [f"c{i + 1}"]),
        ]
        n_in = n_out
    state = f"c{len(_CHANNELS)}"  # (batch, channels, 25, 8)
    nodes += [
        helper.make_node("Transpose", [state], ["t"], perm=[2, 0, 1, 3]),
        helper.make_node("Reshape", ["t", "rows"], ["steps"]),  # (25, batch, channels * 8)
        helper.make_node(
            "GRU", ["steps", "w", "r"], ["g"], hidden_size=_HIDDEN, direction="bidirectional"
        ),
        helper.make_node("Transpose", ["g"], ["h4"], perm=[2, 0, 1, 3]),
        helper.make_node("Reshape", ["h4", "shape_d"], ["h"]),  # (batch, 25, 2 * hidden)
        helper.make_node("MatMul", ["h", "attention"], ["energies"]),
        helper.make_node("Softmax", ["energies"], ["shares"], axis=1),
        helper.make_node("Mul", ["h", "shares"], ["shared"]),
        helper.make_node("ReduceSum", ["shared", "axis_1"], ["pooled"], keepdims=0),
        helper.make_node("MatMul", ["pooled", "heads"], ["out"]),
        helper.make_node("Split", ["out"], ["logit", "s", "e"], axis=1),
        helper.make_node("Sigmoid", ["logit"], ["p"]),
        helper.make_node("Squeeze", ["p", "axis_1"], ["score"]),
        helper.make_node("Squeeze", ["s", "axis_1"], ["start"]),
        helper.make_node("Cast", ["n_frames"], ["n"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["n", "zero"], ["nothing"]),
        helper.make_node("Squeeze", ["e", "axis_1"], ["e1"]),
        helper.make_node("Add", ["e1", "nothing"], ["end"]),
    ]
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 195, 64]),
            helper.make_tensor_value_info("n_frames", TensorProto.INT64, ["batch"]),
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch"])
            for name in ("score", "start", "end")
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = helper.make_opsetid("", _OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    return bytes(model.SerializeToString())


def _weights(rng: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
    scale = 1 / np.sqrt(np.prod(shape[1:]))
    return rng.normal(0, scale, shape).astype(np.float32)
