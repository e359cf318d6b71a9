"""Finds and reads the package `pywakeword-training-data`."""

from __future__ import annotations

import importlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pywakeword import _core
from pywakeword.errors import PyWakewordError
from pywakeword.training.data.compact import read_compact, said_in
from pywakeword.training.material.features import Store

ENVIRONMENT = "PYWAKEWORD_TRAINING_DATA"
FORMAT = 1
_SENTENCE_WORDS = 4
STORES = ("negatives", "calibration", "sounds")


class TrainingDataError(PyWakewordError):
    """The training data is not installed, damaged, or made for another front end."""


@dataclass(frozen=True)
class TrainingData:
    """What every word needs besides its own takes.

    Attributes
    ----------
    folder : Path
        Where it lies; `manifest.json` says what is in it and where it is from.
    """

    folder: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Format, hours, sources and licences."""
        text = (self.folder / "manifest.json").read_text(encoding="utf-8")
        manifest: dict[str, Any] = json.loads(text)
        return manifest

    def trunk(self, size: str) -> Path:
        """Return the model whose trunk a word of this size starts from."""
        return self.folder / ("trunk.tflite" if size == "standard" else f"trunk-{size}.tflite")

    def transcripts(self) -> list[str]:
        """Return the sentences that people say in the negatives, as far as they are known.

        Short ones are left out: they are words read for a data set, wake words among them.
        """
        said = said_in(self.folder, "negatives", "real")
        return [text for text in said if len(text.split()) >= _SENTENCE_WORDS]

    def store(self, name: str) -> Store:
        """Read "negatives" (to train on), "calibration" (never trained on) or "sounds"."""
        try:
            return read_compact(self.folder, name)
        except (OSError, ValueError) as error:
            raise TrainingDataError(f"the training data is damaged: {error}") from error


def find_training_data(folder: Path | None = None) -> TrainingData:
    """Return the data in `folder`, in the environment's folder, or in the installed package.

    Raises
    ------
    TrainingDataError
        If there is none, or it does not fit this version.
    """
    folder = folder or _named() or _installed()
    data = TrainingData(folder)
    try:
        manifest = data.manifest
    except (OSError, ValueError):
        raise TrainingDataError(f"{folder} holds no training data (manifest.json)") from None
    if manifest.get("format") != FORMAT or manifest.get("frontend") != dict(_core.LFBE_SETTINGS):
        raise TrainingDataError(
            f"the training data in {folder} is for another version: install the newest "
            "pywakeword-training-data"
        )
    return data


def _named() -> Path | None:
    name = os.environ.get(ENVIRONMENT)
    return Path(name).expanduser() if name else None


def _installed() -> Path:
    try:
        module = importlib.import_module("pywakeword_training_data")
    except ImportError:
        raise TrainingDataError(
            "the training data is not installed: pip install pywakeword-training-data"
        ) from None
    return Path(str(module.__file__)).parent
