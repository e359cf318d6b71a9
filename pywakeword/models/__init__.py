"""Model files, their cards and thresholds, and what runs them."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Find the names of when this was one module; deprecated: use `pywakeword.models.files`."""
    if name not in ("ModelFile", "available_models", "default_models", "find_model", "read_model"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pywakeword.models import files

    return getattr(files, name)
