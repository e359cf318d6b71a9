"""`tiny_addon` with a reference encoder and the block `ProsodyTransfer`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from helpers.tiny_addon import MELS, WIDTH, Graph
from helpers.tiny_addon import manifest as plain_manifest
from helpers.tiny_addon import write as write_plain

FRAME_WIDTH = 66
CODE = 2
SPEAKER = [0.5, -0.5, 0.25]
UPSAMPLED = WIDTH + 3


def manifest() -> dict[str, Any]:
    """An addon.json to be changed; `write` fills in the networks."""
    document = plain_manifest()
    document["stack"]["streamable_block"]["stack"][0] = {
        "type": "ProsodyTransfer",
        "network": "reference_encoder",
        "speaker": SPEAKER,
    }
    return document


def write(folder: Path, document: dict[str, Any]) -> Path:
    """Write the addon."""
    stack = document["stack"]
    write_plain(folder, document)
    for part, (data, entry) in {
        "reference_encoder": _reference_encoder(),
        "decoder": _decoder(),
    }.items():
        (folder / f"{part}.onnx").write_bytes(data)
        entry |= {"file": f"{part}.onnx", "sha256": hashlib.sha256(data).hexdigest()}
        document["networks"][part] = entry
    document["stack"] = stack
    (folder / "addon.json").write_text(json.dumps(document))
    return folder


def _reference_encoder() -> tuple[bytes, dict[str, Any]]:
    inputs = {"reference": ["frames", FRAME_WIDTH], "upsampled": ["frames", UPSAMPLED]}
    graph = Graph(np.random.default_rng(1), "frames", inputs)
    both = graph.add("Concat", "reference", "upsampled", axis=2)
    code = graph.add("Tanh", graph.linear(both, FRAME_WIDTH + UPSAMPLED, CODE))
    mask = graph.add("Unsqueeze", "mask", graph.constant([2]))
    return graph.finish(graph.add("Mul", code, mask), {"code": ["frames", CODE]}, None)


def _decoder() -> tuple[bytes, dict[str, Any]]:
    width = UPSAMPLED + CODE + len(SPEAKER)
    graph = Graph(np.random.default_rng(2), "frames", {"upsampled": ["frames", width]})
    x = graph.convolved(graph.linear("upsampled", width, WIDTH), WIDTH)
    x = graph.add("Tanh", graph.linear(x, WIDTH, MELS + 2))
    return graph.finish(x, {"acoustic": ["frames", MELS + 2]}, [2, 2])
