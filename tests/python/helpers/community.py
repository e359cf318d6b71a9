"""The community models in the wheels of the extra `community`, and openWakeWord's in ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


def micro_models() -> Path:
    module = pytest.importorskip("pymicro_wakeword", reason="needs the extra 'community'")
    return Path(module.__file__).parent / "models"


def open_models() -> Path:
    module = pytest.importorskip("pyopen_wakeword", reason="needs the extra 'community'")
    return Path(module.__file__).parent / "models"


def write_onnx(folder: Path) -> Path:
    """Write openWakeWord's alexa as ONNX: the weights of its .tflite, the same layers."""
    onnx = pytest.importorskip("onnx", reason="writes the model")
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="reads the weights")
    interpreter = litert.Interpreter(str(open_models() / "alexa.tflite"))
    interpreter.allocate_tensors()
    weights = {f"w{i}": interpreter.get_tensor(i).astype(np.float32) for i in (2, 3, 4, 5, 6, 7)}
    helper = onnx.helper
    layers = [("embeddings", 5, 2), ("h1", 6, 3), ("h2", 7, 4)]
    nodes = [helper.make_node("Flatten", ["x"], ["embeddings"])]
    for number, (name, matrix, bias) in enumerate(layers, 1):
        nodes.append(
            helper.make_node("Gemm", [name, f"w{matrix}", f"w{bias}"], [f"g{number}"], transB=1)
        )
        last = number == len(layers)
        nodes.append(
            helper.make_node(
                "Sigmoid" if last else "Relu", [f"g{number}"], ["y" if last else f"h{number}"]
            )
        )
    kind = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "alexa",
        [helper.make_tensor_value_info("x", kind, [1, 16, 96])],
        [helper.make_tensor_value_info("y", kind, [1, 1])],
        [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = folder / "alexa.onnx"
    onnx.save(model, path)
    return path
