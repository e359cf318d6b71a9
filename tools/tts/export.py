"""Exports trained modules as an addon folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.models.digest import sha256_hex
from pywakeword.tts.prosody.model import CONTOURS, EMBEDDING_WIDTH
from tools.tts import network, onnx_export
from tools.tts.corpus import SYMBOLS, VOICE
from tools.tts.features import (
    FRAME_WIDTH,
    HOP_SAMPLES,
    N_MELS,
    REFERENCE_HZ,
)

# Mean log F0 of the teachers, in octaves above REFERENCE_HZ.
_REGISTERS = {VOICE: 0.09, "hibari": 0.33}
_FLITE = f"flite 2.2, voice cmu_us_{VOICE} (free, BSD-like licence)"
_HIDDEN = network.AttentionDecoder.width
_E, _UP = network.ENCODED_WIDTH, network.ENCODED_WIDTH + network.POSITION_WIDTH


@dataclass(frozen=True)
class Recipe:
    """Training settings of an addon, and its stack."""

    trainer: str  # in tools.tts.training
    steps: int
    max_symbols: int
    networks: tuple[str, ...]
    stack: tuple[Mapping[str, Any], ...]
    fixed: Mapping[str, int]
    sequence_block: Mapping[str, Any] = field(default_factory=lambda: {"type": "Encoders"})
    teacher: str = VOICE
    about_teacher: str = _FLITE


def _parallel(teacher: str, about: str) -> Recipe:
    return Recipe(
        "acoustic_model",
        3000,
        400,
        ("text_encoder", "duration_encoder", "decoder", "vocoder"),
        (
            {"type": "ProsodyTransfer"},
            {"type": "Decoder"},
            {"type": "ContourTransfer", "register_octaves": _REGISTERS[teacher]},
            {"type": "Probe", "name": "acoustic"},
            {"type": "Vocoder"},
        ),
        {"text_encoder": 64, "duration_encoder": 64, "decoder": 96, "vocoder": 64},
        {
            "type": "SequenceBlockContainer",
            "blocks": [{"type": "ProsodySelector", "way": "centroid"}, {"type": "Encoders"}],
        },
        teacher,
        about,
    )


ADDONS = {
    "slt-parallel": _parallel(VOICE, _FLITE),
    "hibari-parallel": _parallel(
        "hibari", "hibari 0.2.1, voice heart (Apache-2.0), distilled from Kokoro's af_heart"
    ),
    "slt-attention": Recipe(
        "attention_model",
        4700,
        120,
        ("text_encoder", "attention_decoder", "vocoder"),
        ({"type": "AttentionDecoder"}, {"type": "Probe", "name": "acoustic"}, {"type": "Vocoder"}),
        {"text_encoder": 64, "attention_decoder": 128, "vocoder": 64},
    ),
}

# Axis, inputs and outputs of each network; shapes exclude the batch.
_SHAPES: dict[str, tuple[str, dict[str, list[Any]], dict[str, list[Any]]]] = {
    "text_encoder": ("text", {"symbols": ["text"], "mask": ["text"]}, {"encoded": ["text", _E]}),
    "duration_encoder": (
        "text",
        {"symbols": ["text"], "mask": ["text"]},
        {"durations": ["text"]},
    ),
    "decoder": (
        "frames",
        {"upsampled": ["frames", _UP], "mask": ["frames"]},
        {"acoustic": ["frames", FRAME_WIDTH]},
    ),
    "vocoder": (
        "frames",
        {"acoustic": ["frames", FRAME_WIDTH], "mask": ["frames"]},
        {"log_gains": ["frames", 2 * network.N_BANDS]},
    ),
    "attention_decoder": (
        "text",
        {
            "last": [FRAME_WIDTH],
            "hidden": [_HIDDEN],
            "centre": [1],
            "context": [_E],
            "encoded": ["text", _E],
            "mask": ["text"],
        },
        {
            "frames": [network.AttentionDecoder.frames_per_step, FRAME_WIDTH],
            "next_last": [FRAME_WIDTH],
            "next_hidden": [_HIDDEN],
            "next_centre": [1],
            "next_context": [_E],
        },
    ),
}


_PROSODIC: dict[str, list[Any]] = {
    "symbols": ["text"],
    "prosody": ["text", len(CONTOURS)],
    "embedding": [EMBEDDING_WIDTH],
    "mask": ["text"],
}


class _Step(nn.Module):
    """An attention decoder that returns its last frame as part of its state."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self,
        last: Tensor,
        hidden: Tensor,
        centre: Tensor,
        context: Tensor,
        encoded: Tensor,
        mask: Tensor,
    ) -> tuple[Tensor, ...]:
        frames, hidden, centre, context = self.decoder(last, hidden, centre, context, encoded, mask)
        return frames, frames[:, -1], hidden, centre, context


def write_addon(
    name: str,
    modules: Mapping[str, nn.Module],
    out: Path,
    *,
    files: Mapping[str, bytes] | None = None,
    training: Mapping[str, Any],
) -> Path:
    """Export the networks of an addon and write its `addon.json`; return the folder.

    A network in `files` is copied from there; its module only gives the shapes. `training` goes
    to the card.
    """
    recipe, folder = ADDONS[name], out / name
    folder.mkdir(parents=True, exist_ok=True)
    networks = {}
    for part in recipe.networks:
        axis, inputs, outputs = _shapes(part, modules[part])
        data = (files or {}).get(part) or _onnx(part, modules[part])
        (folder / f"{part}.onnx").write_bytes(data)
        entry: dict[str, Any] = {
            "file": f"{part}.onnx",
            "sha256": sha256_hex(data),
            "inputs": inputs,
            "outputs": outputs,
            "axis": axis,
        }
        if part != "attention_decoder":
            entry["reach"] = [network.reach(modules[part])] * 2
        networks[part] = entry
    card: dict[str, Any] = {
        "teacher": recipe.about_teacher,
        "licence": "Apache-2.0",
        "synthetic_speech": "all of it: the teacher's",
        "frames": f"{N_MELS} log mel energies times 0.2, log F0, voicing; 80 a second",
        "parameters": sum(
            p.numel() for part in recipe.networks for p in modules[part].parameters()
        ),
        "training": dict(training),
    }
    path = folder / "addon.json"
    if path.exists():  # keep figures of the evaluation if they belong to these networks
        old = json.loads(path.read_text(encoding="utf-8"))
        if old["networks"] == networks:
            kept = old.get("card", {})
            card |= {k: kept[k] for k in kept if k.startswith(("measured", "heard"))}
    manifest = {
        "format_version": 1,
        "name": name,
        "symbols": list(SYMBOLS),
        "pause": "pau",
        "max_symbols": recipe.max_symbols,
        "front_end": "FlitePhones",
        "acoustics": {
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "hop_samples": HOP_SAMPLES,
            "reference_hz": REFERENCE_HZ,
            "n_fft": 1024,
            "n_bands": network.N_BANDS,
        },
        "networks": networks,
        "contexts": {"dynamic": {}, "fixed": dict(recipe.fixed)},
        "default_context": "dynamic",
        "stack": {
            "type": "StreamablePipeline",
            "sequence_block": dict(recipe.sequence_block),
            "streamable_block": {
                "type": "StreamableStack",
                "stack": [dict(block) for block in recipe.stack],
            },
        },
        "card": card,
    }
    path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return folder


def _shapes(part: str, module: nn.Module) -> tuple[str, dict[str, list[Any]], dict[str, list[Any]]]:
    axis, inputs, outputs = _SHAPES[part]
    if isinstance(module, (network.ProsodicTextEncoder, network.ProsodicDurationEncoder)):
        inputs = _PROSODIC
    return axis, inputs, outputs


def _onnx(part: str, module: nn.Module) -> bytes:
    wrapped = _Step(module) if part == "attention_decoder" else module
    return onnx_file(wrapped, *_shapes(part, module))


def onnx_file(
    module: nn.Module, axis: str, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]
) -> bytes:
    """Return a network as an ONNX file with weights in half precision.

    Shapes exclude the batch; named sizes are variable.
    """
    example = []
    for name, shape in inputs.items():
        size = [7 if isinstance(n, str) else n for n in shape]
        example.append(
            torch.zeros(1, *size, dtype=torch.long) if name == "symbols" else torch.ones(1, *size)
        )
    dynamic = {name: {1: axis} for name, shape in (inputs | outputs).items() if shape[0] == axis}
    model = onnx_export.export(module, tuple(example), list(inputs), list(outputs), dynamic)
    onnx_export.halve(model.graph)
    return onnx_export.checked_bytes(model)
