"""Stage 4: quantise, write the model and the parts of its card that need no measurement."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from pywakeword import _core
from pywakeword.device_state import DEVICE_TYPES, PLAYBACKS, VOLUME_EDGES
from pywakeword.models.digest import file_entry
from pywakeword.training.export.keyword_graph import Ranges, build, calibrate, fold
from pywakeword.training.material.corpus import Clip
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import REFRACTORY_S, SMOOTHING, model_name
from pywakeword.training.network.stages import Curriculum

_CALIBRATION_BATCHES = 20


def common_ranges(network: Network, curriculum: Curriculum) -> list[Ranges]:
    """Choose the int8 ranges of every word on 20 batches of 48 freshly mixed windows.

    All words get the same ranges up to their heads: their trunks are then equal bit for
    bit, and a device that listens for several words computes the trunk once.
    """
    network.eval()
    mixed = [curriculum.words(48)[0] for _ in range(_CALIBRATION_BATCHES)]
    ranges = [
        calibrate(fold(network, i), ((m.features, m.state) for m in mixed))
        for i in range(len(network.shape.words))
    ]
    # The embedding joins the head under one scale, so that scale is common too.
    joined = [r["joined"] for r in ranges]
    common = (min(low for low, _ in joined), max(high for _, high in joined))
    return [{**r, "joined": common} for r in ranges]


def export(network: Network, ranges: list[Ranges]) -> dict[str, bytes]:
    """Write every word's network as an int8 .tflite."""
    network.eval()
    return {
        word: build(fold(network, i), ranges[i], f"pywakeword keyword spotter: {word}")
        for i, word in enumerate(network.shape.words)
    }


def write_model(folder: Path, data: bytes, document: dict[str, Any]) -> Path:
    """Write the model and its card as <name>.tflite and <name>.json, by the card's name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{document['name']}.tflite"
    path.write_bytes(data)
    text = json.dumps(document, indent=1) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")
    return path


def card(network: Network, word: str, size: str, data: bytes) -> dict[str, Any]:
    """Return the parts of the card that are known before any measurement."""
    name = model_name(word, size)
    return {
        "format_version": 1,
        "task": "keyword",
        "name": name,
        "description": f"Keyword spotter for the word '{word}', {size} size: streaming int8 CNN "
        "with FiLM conditioning on the device state",
        "licence": "Apache-2.0",
        "keywords": [word],
        "languages": ["en"],
        "model": file_entry(f"{name}.tflite", data),
        "frontend": dict(_core.LFBE_SETTINGS),
        "state": {
            "device_type": list(DEVICE_TYPES),
            "playback": list(PLAYBACKS),
            "volume_edges": list(VOLUME_EDGES),
        },
        "detector": {
            "frame_stride": network.shape.stride,
            "smoothing_outputs": SMOOTHING,
            "refractory_s": REFRACTORY_S,
        },
        # Replaced by measure(); a card without a table is refused.
        "calibration": {
            word: {
                "negative_hours": 1.0,
                "positives": 0,
                "default_threshold": 0.5,
                "table": [{"threshold": 0.5, "false_accepts_per_hour": 0.0, "miss_rate": 0.0}],
            }
        },
        "network": network.shape.as_json(),
    }


def provenance(
    clips: list[Clip], takes: list[Clip], voices: dict[str, int] | None = None
) -> list[dict[str, Any]]:
    """Count what the model was trained on, by source and licence; `voices` by what they spoke."""
    used = [c for c in clips if c.category != "rir"] + [t for t in takes if t not in clips]
    counts = Counter((c.source, c.licence) for c in used)
    rows = [
        {"source": source, "licence": licence, "files": n}
        for (source, licence), n in sorted(counts.items())
    ]
    natural = [
        {"source": f"Kokoro-82M v1.0, {kind}", "licence": "Apache-2.0", "files": n}
        for kind, n in (voices or {}).items()
    ]
    return [{"takes_of_the_word": len(takes)}, *rows, *natural]
