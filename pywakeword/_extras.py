"""Imports optional dependencies where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from pywakeword.errors import MissingExtraError


def require(module: str, extra: str) -> Any:
    """Import `module`, or raise `MissingExtraError` naming the extra that brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(module, extra) from error
