"""Model manifests in ESPHome's format, for programs that list wake words by them.

The fields are those of ESPHome's version 2. The `type` is our own, because `micro` stands
for another front end, with which these models do not work.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pywakeword._core import __version__
from pywakeword.models.card import Card
from pywakeword.models.files import read_model

MANIFEST_VERSION = 2
MODEL_TYPE = "pywakeword"
SUFFIX = ".manifest.json"
_AUTHOR = "The pywakeword authors"
_WEBSITE = "https://pypi.org/project/pywakeword"


def manifest(model: str | Path) -> dict[str, Any]:
    """Return the manifest of a bundled model, or of a `.tflite` file with its card.

    Raises
    ------
    ModelError
        If the model or its card is refused.
    ValueError
        If the model has several keywords; the format allows one.
    """
    file = read_model(model)
    card = file.card
    if len(card.keywords) != 1:
        raise ValueError(f"{card.name}: a manifest has one wake word, not {len(card.keywords)}")
    (word,) = card.keywords
    return {
        "type": MODEL_TYPE,
        "wake_word": word,
        "author": _AUTHOR,
        "website": _WEBSITE,
        "model": file.path.name,
        "trained_languages": list(card.languages),
        "version": MANIFEST_VERSION,
        MODEL_TYPE: {
            "probability_cutoff": card.calibration[word].default_threshold,
            "feature_step_size": _hop_ms(card),
            "sliding_window_size": card.smoothing_outputs,
            "card": file.path.with_suffix(".json").name,
            "sha256": card.sha256,
            "minimum_pywakeword_version": __version__,
        },
    }


def write_manifest(model: str | Path, directory: Path) -> Path:
    """Write the manifest as `<model>.manifest.json` into a directory and return its path."""
    document = manifest(model)
    path = directory / f"{Path(document['model']).stem}{SUFFIX}"
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def _hop_ms(card: Card) -> int:
    frontend = card.frontend
    return int(1000 * frontend["hop_samples"] / frontend["sample_rate"])
