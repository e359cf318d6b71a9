"""A voice made by code: random networks of a few hundred weights, as an addon."""

from __future__ import annotations

import copy
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SYMBOLS = ["pau", "a", "b", "c", "d"]
WIDTH = 6
MELS = 4
BANDS = 9
STATE = {"last": MELS + 2, "hidden": 5, "centre": 1, "context": WIDTH}

MANIFEST: dict[str, Any] = {
    "format_version": 1,
    "name": "tiny",
    "symbols": SYMBOLS,
    "pause": "pau",
    "max_symbols": 200,
    "front_end": "WrittenSymbols",
    "acoustics": {
        "sample_rate_hz": 16000,
        "hop_samples": 40,
        "reference_hz": 200.0,
        "n_fft": 128,
        "n_bands": BANDS,
    },
    "contexts": {
        "fixed": {"text_encoder": 16, "duration_encoder": 11, "decoder": 24, "vocoder": 16}
    },
    "stack": {
        "type": "StreamablePipeline",
        "sequence_block": {"type": "Encoders"},
        "streamable_block": {
            "type": "StreamableStack",
            "stack": [{"type": "Upsampler"}, {"type": "Decoder"}, {"type": "Vocoder"}],
        },
    },
}


def manifest() -> dict[str, Any]:
    """An addon.json to be changed; `write` fills in the networks."""
    return copy.deepcopy(MANIFEST)


def attention_manifest() -> dict[str, Any]:
    """The same for a stack with an attention decoder."""
    document = manifest()
    document["stack"]["streamable_block"]["stack"][:2] = [{"type": "AttentionDecoder"}]
    document["contexts"] = {"fixed": {"text_encoder": 16, "attention_decoder": 32, "vocoder": 16}}
    return document


def write(folder: Path, document: dict[str, Any]) -> Path:
    """Write an addon with the networks that its stack needs."""
    folder.mkdir(parents=True, exist_ok=True)
    attention = "AttentionDecoder" in json.dumps(document["stack"])
    parts = (
        ("text_encoder", "attention_decoder", "vocoder")
        if attention
        else ("text_encoder", "duration_encoder", "decoder", "vocoder")
    )
    networks = document.setdefault("networks", {})
    for part in parts:
        data, entry = network(part)
        (folder / f"{part}.onnx").write_bytes(data)
        entry |= {"file": f"{part}.onnx", "sha256": hashlib.sha256(data).hexdigest()}
        networks[part] = entry | networks.get(part, {})
    (folder / "addon.json").write_text(json.dumps(document))
    return folder


def zipped(folder: Path, path: Path) -> Path:
    """Pack an addon folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return path


def network(part: str) -> tuple[bytes, dict[str, Any]]:
    """Return a network's file and its entry in `networks`."""
    rng = np.random.default_rng(sum(map(ord, part)))
    if part in ("text_encoder", "duration_encoder"):
        graph = Graph(rng, "text", {"symbols": ["text"]})
        x = graph.add("Gather", graph.weights(len(SYMBOLS), WIDTH), "symbols")
        x = graph.convolved(x, WIDTH)
        if part == "text_encoder":
            return graph.finish(x, {"encoded": ["text", WIDTH]}, [2, 2])
        x = graph.add("Exp", graph.linear(x, WIDTH, 1))
        x = graph.add("Squeeze", graph.add("Add", x, graph.constant([2.0])), graph.constant([2]))
        return graph.finish(x, {"durations": ["text"]}, [2, 2])
    if part == "decoder":
        graph = Graph(rng, "frames", {"upsampled": ["frames", WIDTH + 3]})
        x = graph.convolved(graph.linear("upsampled", WIDTH + 3, WIDTH), WIDTH)
        x = graph.add("Tanh", graph.linear(x, WIDTH, MELS + 2))
        return graph.finish(x, {"acoustic": ["frames", MELS + 2]}, [2, 2])
    if part == "vocoder":
        graph = Graph(rng, "frames", {"acoustic": ["frames", MELS + 2]})
        x = graph.convolved(graph.linear("acoustic", MELS + 2, WIDTH), WIDTH)
        x = graph.add("Add", graph.linear(x, WIDTH, 2 * BANDS), graph.constant([-2.0]))
        return graph.finish(x, {"log_gains": ["frames", 2 * BANDS]}, [2, 2])
    return _attention(
        Graph(rng, "text", {k: [n] for k, n in STATE.items()} | {"encoded": ["text", WIDTH]})
    )


def _attention(graph: Graph) -> tuple[bytes, dict[str, Any]]:
    """Half a symbol forward each step; the context is the masked mean of all symbols."""
    mask = graph.add("Unsqueeze", "mask", graph.constant([2]))
    axes = graph.constant([1])
    total = graph.add("ReduceSum", graph.add("Mul", "encoded", mask), axes, keepdims=0)
    count = graph.add("ReduceSum", mask, axes, keepdims=0)
    context = graph.add("Div", total, count)
    joined = graph.add("Concat", "last", "hidden", "context", "centre", axis=1)
    n_joined = sum(STATE.values())
    hidden = graph.add("Tanh", graph.linear(joined, n_joined, STATE["hidden"]))
    seen = graph.add("Concat", hidden, context, axis=1)
    frame = graph.add("Tanh", graph.linear(seen, STATE["hidden"] + WIDTH, STATE["last"]))
    once = graph.add("Unsqueeze", frame, graph.constant([1]))
    graph.add("Concat", once, once, axis=1, output="frames")
    graph.add("Identity", frame, output="next_last")
    graph.add("Identity", hidden, output="next_hidden")
    graph.add("Add", "centre", graph.constant([0.5]), output="next_centre")
    graph.add("Identity", context, output="next_context")
    outputs = {f"next_{k}": [n] for k, n in STATE.items()}
    return graph.finish(None, {"frames": [2, STATE["last"]], **outputs}, None)


class Graph:
    def __init__(self, rng: np.random.Generator, axis: str, inputs: dict[str, list[Any]]) -> None:
        self.rng, self.axis, self.inputs = rng, axis, inputs | {"mask": [axis]}
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, values: Any) -> str:
        array = np.asarray(values)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def weights(self, *shape: int) -> str:
        return self.constant(self.rng.normal(0, 0.4, shape))

    def add(self, op: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def linear(self, x: str, n_in: int, n_out: int) -> str:
        return self.add("MatMul", x, self.weights(n_in, n_out))

    def convolved(self, x: str, width: int) -> str:
        """Two convolutions of 3 positions with a bias, masked before and after each."""
        mask = self.add("Unsqueeze", "mask", self.constant([1]))
        x = self.add("Mul", self.add("Transpose", x, perm=[0, 2, 1]), mask)
        for _ in range(2):
            weights, bias = self.weights(width, width, 3), self.weights(width)
            x = self.add("Relu", self.add("Conv", x, weights, bias, pads=[1, 1]))
            x = self.add("Mul", x, mask)
        return self.add("Transpose", x, perm=[0, 2, 1])

    def finish(
        self, result: str | None, outputs: dict[str, list[Any]], reach: list[int] | None
    ) -> tuple[bytes, dict[str, Any]]:
        if result is not None:
            self.add("Identity", result, output=next(iter(outputs)))

        def value(name: str, shape: list[Any]) -> onnx.ValueInfoProto:
            kind = TensorProto.INT64 if name == "symbols" else TensorProto.FLOAT
            return helper.make_tensor_value_info(name, kind, [1, *shape])

        graph = helper.make_graph(
            self.nodes,
            "tiny",
            [value(*item) for item in self.inputs.items()],
            [value(*item) for item in outputs.items()],
            self.initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        entry: dict[str, Any] = {"inputs": self.inputs, "outputs": outputs, "axis": self.axis}
        if reach is not None:
            entry["reach"] = reach
        return model.SerializeToString(), entry
