"""Where the models lie that come with the package."""

from __future__ import annotations

import importlib
from pathlib import Path


def bundled_dir(room: str = "") -> Path:
    """Return the folder of the bundled models.

    Parameters
    ----------
    room : str
        A folder inside it: "endpoint", "verifier" or "tts". Wake words lie at the top.
    """
    # Not importlib.resources, which brings in tempfile, urllib and much else.
    return Path(importlib.import_module("pywakeword.bundled").__path__[0], room)
