"""Small ONNX networks with Kokoro's names, made by code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FRAMES_PER_SYMBOL = 4
FRAME_SAMPLES = 600


def write_speaking(folder: Path, speakers: tuple[str, ...]) -> tuple[Path, Path]:
    """Write a float network that hums for every symbol but punctuation, and style vectors.

    Each symbol takes four frames of 600 samples; the hum's level is the style's first value.
    """
    symbols = np.zeros(200, np.float32)
    symbols[17:] = 1.0  # 1 to 16 are punctuation and the space
    n = FRAMES_PER_SYMBOL * FRAME_SAMPLES
    hum = np.sin(2 * np.pi * 200 * np.arange(n) / 24000).astype(np.float32)[None]
    nodes = [
        helper.make_node("Gather", ["symbols", "tokens"], ["loud"]),
        helper.make_node("Reshape", ["loud", "column"], ["per_symbol"]),
        helper.make_node("MatMul", ["per_symbol", "hum"], ["hums"]),
        helper.make_node("Reshape", ["hums", "flat"], ["unscaled"]),
        helper.make_node("ReduceMax", ["style"], ["level"], keepdims=0),
        helper.make_node("Mul", ["unscaled", "level"], ["audio"]),
        helper.make_node("Cast", ["tokens"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["numbers", "zero"], ["zeros"]),
        helper.make_node("Add", ["zeros", "four"], ["frames"]),
        helper.make_node("Mul", ["frames", "speed"], ["fast"]),
        helper.make_node("Div", ["fast", "speed"], ["durations"]),
    ]
    constants = {
        "symbols": symbols,
        "column": np.array([-1, 1]),
        "hum": hum,
        "flat": np.array([-1]),
        "zero": np.zeros(1, np.float32),
        "four": np.full(1, FRAMES_PER_SYMBOL, np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "speaking",
        [
            helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, "n"]),
            helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
            helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["samples"]),
            helper.make_tensor_value_info("durations", TensorProto.FLOAT, None),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = folder / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), str(model))
    styles = folder / "speakers"
    styles.mkdir()
    for place, speaker in enumerate(speakers):
        style = np.full((510, 1, 256), 0.2 * (place + 1), "<f4")
        style.tofile(styles / f"{speaker}.bin")
    return model, styles


def integer_graph(rng: np.random.Generator) -> onnx.ModelProto:
    """Return a network of each integer operator that Kokoro's export has.

    Input `x` (1, 8, 12), output `y`; Kokoro's tensor of durations is one of the tensors.
    """
    constants = {
        "conv_w": rng.integers(0, 256, (8, 8, 3)).astype(np.uint8),
        "conv_z": np.uint8(120),
        "conv_s": np.float32(0.004),
        "bias": rng.normal(size=8).astype(np.float32),
        "bias_shape": np.array([1, 8, 1]),
        "mat_w": rng.integers(-127, 128, (12, 6)).astype(np.int8),
        "mat_z": rng.integers(-3, 4, 6).astype(np.int8),
        "mat_s": rng.uniform(0.002, 0.01, 6).astype(np.float32),
        "lstm_w": rng.integers(-127, 128, (2, 6, 16)).astype(np.int8),
        "lstm_r": rng.integers(-127, 128, (2, 4, 16)).astype(np.int8),
        "lstm_b": rng.normal(size=(2, 32)).astype(np.float32),
        "lstm_ws": np.array([0.004, 0.006], np.float32),
        "lstm_rs": np.array([0.005, 0.003], np.float32),
        "lstm_z": np.zeros(2, np.int8),
        "state": np.zeros((2, 1, 4), np.float32),
        "zero": np.float32(0),
        "unused": np.zeros(3, np.float32),
    }
    quantized = ["x_q", "x_s", "x_z"]
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], quantized),
        helper.make_node(
            "ConvInteger", ["x_q", "conv_w", "x_z", "conv_z"], ["conv_int"], pads=[1, 1]
        ),
        helper.make_node("Mul", ["x_s", "conv_s"], ["conv_scale"]),
        helper.make_node("Div", ["bias", "conv_scale"], ["bias_units"]),
        helper.make_node("Floor", ["bias_units"], ["bias_whole"]),
        helper.make_node("Cast", ["bias_whole"], ["bias_int"], to=TensorProto.INT32),
        helper.make_node("Reshape", ["bias_int", "bias_shape"], ["bias_column"]),
        helper.make_node("Add", ["conv_int", "bias_column"], ["conv_sum"]),
        helper.make_node("Cast", ["conv_sum"], ["conv_cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["conv_cast", "conv_scale"], ["conv"]),
        helper.make_node("DynamicQuantizeLinear", ["conv"], ["c_q", "c_s", "c_z"]),
        helper.make_node("MatMulInteger", ["c_q", "mat_w", "c_z", "mat_z"], ["mat_int"]),
        helper.make_node("Cast", ["mat_int"], ["mat_cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["c_s", "mat_s"], ["mat_scale"]),
        helper.make_node("Mul", ["mat_cast", "mat_scale"], ["mat"]),
        helper.make_node("Transpose", ["mat"], ["sequence"], perm=[1, 0, 2]),
        helper.make_node(
            "DynamicQuantizeLSTM",
            [
                *("sequence", "lstm_w", "lstm_r", "lstm_b", "", "state", "state", ""),
                *("lstm_ws", "lstm_z", "lstm_rs", "lstm_z"),
            ],
            ["y", "h", "c"],
            domain="com.microsoft",
            direction="bidirectional",
            hidden_size=4,
        ),
        helper.make_node("Round", ["mat"], ["rounded"]),
        helper.make_node("Clip", ["rounded", "zero", ""], ["/encoder/Clip_output_0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "integer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, 12])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)
