"""Exports trained networks as the addon `copycat`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.models.digest import sha256_hex
from tools.prosody_transfer.corpus import Item
from tools.prosody_transfer.networks import model, phone_grid
from tools.prosody_transfer.networks.speakers import VOICE_WIDTH, known
from tools.tts.corpus import SYMBOLS, VOICE
from tools.tts.export import onnx_file
from tools.tts.features import FRAME_WIDTH, HOP_SAMPLES, REFERENCE_HZ
from tools.tts.network import N_BANDS, reach

NAME = "copycat"
_UP = model.UPSAMPLED_WIDTH


class _ReferenceByFrame(nn.Module):
    """The reference encoder as the block `ProsodyTransfer` uses it: code means per frame."""

    def __init__(self, encoder: model.ReferenceEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, reference: Tensor, upsampled: Tensor, mask: Tensor) -> Tensor:
        grid = phone_grid.find(upsampled, mask)
        mean, _ = self.encoder(reference, upsampled, mask, grid)
        return grid.spread(mean)


def write_addon(
    modules: model.TransferModel,
    items: Sequence[Item],
    vocoder: Path,
    out: Path,
    card: dict[str, Any],
) -> Path:
    """Export, with the vocoder of another addon that uses the same acoustic frames."""
    folder = out / NAME
    folder.mkdir(parents=True, exist_ok=True)
    code_width = modules.reference_encoder.shape.code_width
    width = _UP + code_width + VOICE_WIDTH
    text = {"symbols": ["text"], "mask": ["text"]}
    shapes: dict[str, tuple[str, dict[str, list[Any]], dict[str, list[Any]]]] = {
        "text_encoder": ("text", text, {"encoded": ["text", model.MARKED_WIDTH]}),
        "duration_encoder": ("text", text, {"durations": ["text"]}),
        "reference_encoder": (
            "frames",
            {
                "reference": ["frames", FRAME_WIDTH],
                "upsampled": ["frames", _UP],
                "mask": ["frames"],
            },
            {"code": ["frames", code_width]},
        ),
        "decoder": (
            "frames",
            {"upsampled": ["frames", width], "mask": ["frames"]},
            {"acoustic": ["frames", FRAME_WIDTH]},
        ),
    }
    networks: dict[str, Any] = {}
    for name, (axis, inputs, outputs) in shapes.items():
        whole = name == "reference_encoder"
        module = _ReferenceByFrame(modules.reference_encoder) if whole else modules[name]
        data = onnx_file(module, axis, inputs, outputs)
        (folder / f"{name}.onnx").write_bytes(data)
        networks[name] = {
            "file": f"{name}.onnx",
            "sha256": sha256_hex(data),
            "inputs": inputs,
            "outputs": outputs,
            "axis": axis,
        }
        if not whole:  # the speaker vector needs the whole reference
            networks[name]["reach"] = [reach(module)] * 2
    shutil.copyfile(vocoder / "vocoder.onnx", folder / "vocoder.onnx")
    lender = json.loads((vocoder / "addon.json").read_text(encoding="utf-8"))
    networks["vocoder"] = lender["networks"]["vocoder"]
    manifest = {
        "format_version": 1,
        "name": NAME,
        "symbols": list(SYMBOLS),
        "pause": "pau",
        "max_symbols": 400,
        "front_end": "FlitePhones",
        "acoustics": {
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "hop_samples": HOP_SAMPLES,
            "reference_hz": REFERENCE_HZ,
            "n_fft": 1024,
            "n_bands": N_BANDS,
        },
        "networks": networks,
        "contexts": {
            "dynamic": {},
            "fixed": {"text_encoder": 64, "duration_encoder": 64, "decoder": 96, "vocoder": 64},
        },
        "default_context": "dynamic",
        "stack": {
            "type": "StreamablePipeline",
            "sequence_block": {"type": "Encoders"},
            "streamable_block": {
                "type": "StreamableStack",
                "stack": [
                    {
                        "type": "ProsodyTransfer",
                        "network": "reference_encoder",
                        "speaker": [
                            round(float(x), 5) for x in voice_vector(modules, items, VOICE)
                        ],
                    },
                    {"type": "Decoder"},
                    {"type": "Vocoder"},
                ],
            },
        },
        "card": card,
    }
    (folder / "addon.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return folder


@torch.no_grad()
def voice_vector(
    modules: model.TransferModel, items: Sequence[Item], speaker: str
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the decoder's speaker input for a training speaker, (VOICE_WIDTH,)."""
    number = torch.tensor([known(items).index(speaker)])
    vector: np.ndarray[Any, np.dtype[np.float32]] = modules.voices(number)[0].numpy()
    return vector
