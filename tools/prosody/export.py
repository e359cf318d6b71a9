"""From a trained decoder and bank to files that the package loads."""

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


def decoder_onnx(decoder: Decoder) -> bytes:
    """Return the decoder as an ONNX file for one utterance of any length."""
    example = (
        torch.zeros(7, dtype=torch.long),
        torch.zeros(7, N_POSITIONS),
        torch.zeros(EMBEDDING_WIDTH),
    )
    file = io.BytesIO()
    torch.onnx.export(
        Exported(decoder).eval(),
        example,
        file,
        input_names=["phones", "positions", "embedding"],
        output_names=["contours"],
        dynamic_axes={name: {0: "n"} for name in ("phones", "positions", "contours")},
        opset_version=17,
        dynamo=False,
    )
    return file.getvalue()


def write(
    out: Path, network: bytes, bank: Mapping[str, npt.NDArray[Any]], card: Mapping[str, Any]
) -> None:
    """Write network, bank and card; the card is given their digests."""
    out.parent.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    np.savez_compressed(packed, **bank)
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
