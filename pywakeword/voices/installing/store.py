"""Where voices, recognisers and face networks live on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def voices_dir() -> Path:
    """Return the folder of installed voices; it may not exist yet.

    `PYWAKEWORD_VOICES` names it; otherwise it lies in the user's cache folder.
    """
    return _store_dir("voices")


def recognisers_dir() -> Path:
    """Return the folder of installed recognisers, as `voices_dir`: `PYWAKEWORD_RECOGNISERS`."""
    return _store_dir("recognisers")


def look_dir() -> Path:
    """Return the folder of installed face networks, as `voices_dir`: `PYWAKEWORD_LOOK`."""
    return _store_dir("look")


def _store_dir(kind: str) -> Path:
    chosen = os.environ.get(f"PYWAKEWORD_{kind.upper()}")
    if chosen:
        return Path(chosen).expanduser()
    return _cache_dir() / "pywakeword" / kind


def _cache_dir() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
