"""Where voices live on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ENVIRONMENT = "PYWAKEWORD_VOICES"


def voices_dir() -> Path:
    """Return the folder of installed voices; it may not exist yet.

    `PYWAKEWORD_VOICES` names it; otherwise it lies in the user's cache folder.
    """
    chosen = os.environ.get(ENVIRONMENT)
    if chosen:
        return Path(chosen).expanduser()
    return _cache_dir() / "pywakeword" / "voices"


def _cache_dir() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
