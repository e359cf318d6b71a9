"""SHA-256 of a model file, without OpenSSL."""

from __future__ import annotations

import importlib
from typing import Any


def sha256_hex(data: bytes) -> str:
    """Return the digest as cards have it."""
    return str(_sha256(data).hexdigest())


def _find_sha256() -> Any:
    # hashlib loads OpenSSL, 3.4 MB of memory. Where Python has a module of its own it is
    # one of these; it need not have.
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            return importlib.import_module(name).sha256
        except ImportError:
            continue
    raise ImportError("this Python has no SHA-256")


_sha256 = _find_sha256()
