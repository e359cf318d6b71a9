"""The folder of the models that come with the package."""

from __future__ import annotations

import importlib
from pathlib import Path


def bundled_dir(room: str = "") -> Path:
    """Return the folder of the bundled models.

    Parameters
    ----------
    room : str
        A folder inside it, such as "endpoint", "verifier" or "tts". Wake words are at the top.
    """
    # Not importlib.resources, which imports tempfile, urllib and more.
    return Path(importlib.import_module("pywakeword.bundled").__path__[0], room)
