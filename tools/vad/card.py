"""The card of the voice activity model; docs/make/model_card.md describes its fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pywakeword import _core
from pywakeword.models.digest import file_entry
from tools.vad.network import Shape

NAME = "vad"


def make_card(
    shape: Shape, data: bytes, training: dict[str, Any], sources: list[dict[str, Any]]
) -> dict[str, Any]:
    """Everything but the figures."""
    return {
        "format_version": 1,
        "task": "vad",
        "name": NAME,
        "description": "Voice activity: streaming int8 CNN, one posterior every 40 ms",
        "licence": "Apache-2.0",
        "model": file_entry(f"{NAME}.tflite", data),
        "frontend": dict(_core.LFBE_SETTINGS),
        "vad": {"frame_stride": shape.stride, "delay_frames": shape.delay_frames},
        "network": shape.as_json(),
        "training": training,
        "data": sources,
        "figures": {},
    }


def write_model(folder: Path, data: bytes, card: dict[str, Any]) -> Path:
    """Write the model and its card."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NAME}.tflite"
    path.write_bytes(data)
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return path
