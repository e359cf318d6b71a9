"""From trained networks to the ONNX files and cards under models/endpoint/."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from pywakeword.endpointing.arbitrator import N_TOKENS
from pywakeword.endpointing.arbitrator import TASK as ARBITRATOR_TASK
from pywakeword.endpointing.prosody import PROSODY_FEATURES
from pywakeword.endpointing.recognisers.encoder import KEPT_FRAMES
from pywakeword.endpointing.recognisers.encoder import TASK as ENCODER_TASK
from pywakeword.endpointing.recognisers.transcript_arbitrator import (
    KEPT_STATES,
    N_TEXT,
    N_WORDS,
)
from pywakeword.endpointing.recognisers.transcript_arbitrator import TASK as TRANSCRIPT_TASK
from pywakeword.models.compatibility import FRONT_END
from pywakeword.models.digest import file_entry
from tools.endpointing.data.tokens import TOKENS
from tools.endpointing.networks.arbitration import ArbitratorNetwork
from tools.endpointing.networks.encoder import Encoder
from tools.endpointing.networks.transcripts import TranscriptNetwork

_OPSET = 17


class _Chunk(nn.Module):
    """The encoder as the runtime calls it: one stream, one look-ahead for all blocks."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, features: Tensor, right_context: Tensor, cache: Tensor) -> tuple[Tensor, ...]:
        blocks = self.encoder.shape.blocks
        right = right_context[None, None].expand(1, blocks, -1)
        encoding, tokens, kept = self.encoder(features[None], right, cache[:, None])
        return encoding[0], tokens[0], tokens[0].softmax(-1)[:, -1], kept[:, 0]


def export_encoder(encoder: Encoder, folder: Path, card: dict[str, Any]) -> Path:
    """Write encoder.onnx, its matrices in int8, and its card."""
    shape = encoder.shape
    example = (
        torch.zeros(7, shape.stack * shape.n_mels),
        torch.arange(6, -1, -1),
        torch.zeros(shape.blocks, shape.left, shape.dims),
    )
    data = to_onnx(
        _Chunk(encoder.eval()),
        example,
        ("features", "right_context", "cache"),
        ("encoding", "token_scores", "eos", "new_cache"),
        {"features": {0: "frames"}, "right_context": {0: "frames"}},
        int8=True,
    )
    return write(
        folder,
        "encoder",
        data,
        {
            "task": ENCODER_TASK,
            "name": "encoder",
            "description": "Streaming recogniser of phones with an end token; one frame every 40 "
            "ms, look-ahead as far as a batch goes",
            "frontend": dict(FRONT_END),
            "tokens": list(TOKENS),
            "network": {**shape.as_json(), "parameters": n_parameters(encoder)},
            **card,
        },
    )


def n_parameters(module: nn.Module) -> int:
    """Count the trained values."""
    return sum(p.numel() for p in module.parameters())


def to_onnx(
    module: nn.Module,
    example: tuple[Tensor, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    dynamic: dict[str, dict[int, str]],
    *,
    int8: bool,
    half_tables: bool = False,
) -> bytes:
    """Export; with int8 weights of matrices and activations quantized as they come."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of this way to export
        path, small = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        torch.onnx.export(
            module,
            example,
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=dynamic,
            opset_version=_OPSET,
            dynamo=False,
        )
        if int8:
            quantize_dynamic(
                path,
                small,
                op_types_to_quantize=["MatMul", "Gemm"],
                per_channel=True,
                weight_type=QuantType.QInt8,
            )
        model = onnx.load(small if int8 else path)
    if half_tables:
        halve_tables(model)
    for node in model.graph.node:
        node.doc_string = ""  # where in torch each came from
    return bytes(model.SerializeToString())


def write(folder: Path, name: str, data: bytes, card: dict[str, Any]) -> Path:
    """Write a model and its card."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    path.write_bytes(data)
    document = {
        "format_version": 1,
        "licence": "Apache-2.0",
        **card,
        "model": file_entry(path.name, data),
    }
    path.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def export_arbitrator(network: ArbitratorNetwork, folder: Path, card: dict[str, Any]) -> Path:
    """Write arbitrator.onnx and its card."""
    dims = network.project.in_features
    example = (
        torch.zeros(1, KEPT_FRAMES, dims),
        torch.ones(1, KEPT_FRAMES),
        torch.zeros(1, N_TOKENS, dtype=torch.long),
        torch.zeros(1, len(PROSODY_FEATURES)),
        torch.zeros(1),
    )
    data = to_onnx(
        network.eval(),
        example,
        ("frames", "mask", "tokens", "prosody", "eos"),
        ("probability",),
        {},
        int8=False,
    )
    return write(
        folder,
        "arbitrator",
        data,
        {
            "task": ARBITRATOR_TASK,
            "name": "arbitrator",
            "description": "Probability that a pause is the end of the utterance",
            "frontend": dict(FRONT_END),
            "tokens": list(TOKENS),
            "prosody": list(PROSODY_FEATURES),
            "network": {"dims": dims, "parameters": n_parameters(network)},
            **card,
        },
    )


def export_transcript_arbitrator(
    network: TranscriptNetwork, folder: Path, card: dict[str, Any]
) -> Path:
    """Write transcript_arbitrator.onnx, its word table in half precision, and its card."""
    dims = network.project.in_features
    example = (
        torch.zeros(1, KEPT_STATES, dims),
        torch.ones(1, KEPT_STATES),
        torch.zeros(1, N_WORDS, dtype=torch.long),
        torch.zeros(1, N_WORDS, dtype=torch.long),
        torch.zeros(1, N_TEXT),
        torch.zeros(1, len(PROSODY_FEATURES)),
    )
    data = to_onnx(
        network.eval(),
        example,
        ("states", "mask", "words", "endings", "text", "prosody"),
        ("probability",),
        {},
        int8=False,
        half_tables=True,
    )
    return write(
        folder,
        "transcript_arbitrator",
        data,
        {
            "task": TRANSCRIPT_TASK,
            "name": "transcript_arbitrator",
            "description": "Probability that a pause is the end, from Whisper's states and words",
            "prosody": list(PROSODY_FEATURES),
            "network": {"dims": dims, "parameters": n_parameters(network)},
            **card,
        },
    )


def halve_tables(model: Any) -> None:
    """Store the tables of embeddings in half precision."""
    for gather in [node for node in model.graph.node if node.op_type == "Gather"]:
        (table,) = [t for t in model.graph.initializer if t.name == gather.input[0]] or [None]
        if table is None or table.data_type != onnx.TensorProto.FLOAT:
            continue
        halves = onnx.numpy_helper.to_array(table).astype("float16")
        table.CopyFrom(onnx.numpy_helper.from_array(halves, table.name))
        found, gather.output[0] = gather.output[0], gather.output[0] + "_half"
        cast = onnx.helper.make_node("Cast", [gather.output[0]], [found], to=onnx.TensorProto.FLOAT)
        model.graph.node.insert(list(model.graph.node).index(gather) + 1, cast)
