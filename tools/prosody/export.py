"""Writes a trained decoder and bank as files that the package loads."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pywakeword.models.digest import file_entry
from pywakeword.tts.prosody.model import EMBEDDING_WIDTH, N_POSITIONS
from tools.prosody.network import Decoder, Exported
from tools.tts import onnx_export


def decoder_onnx(decoder: Decoder) -> bytes:
    """Return the decoder as an ONNX file for one utterance of any length."""
    example = (
        torch.zeros(7, dtype=torch.long),
        torch.zeros(7, N_POSITIONS),
        torch.zeros(EMBEDDING_WIDTH),
    )
    model = onnx_export.export(
        Exported(decoder),
        example,
        ["phones", "positions", "embedding"],
        ["contours"],
        {name: {0: "n"} for name in ("phones", "positions", "contours")},
    )
    return onnx_export.checked_bytes(model)


def write(
    out: Path, network: bytes, bank: Mapping[str, npt.NDArray[Any]], card: Mapping[str, Any]
) -> None:
    """Write network, bank and card; the card gets their digests."""
    out.parent.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    np.savez_compressed(packed, **bank)  # type: ignore[arg-type]
    model, stored = out.with_suffix(".onnx"), out.with_suffix(".npz")
    model.write_bytes(network)
    stored.write_bytes(packed.getvalue())
    document = {
        **card,
        "model": _file(model),
        "bank": {**_file(stored), **card["bank"]},
    }
    out.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")


def _file(path: Path) -> dict[str, Any]:
    return file_entry(path.name, path.read_bytes())
