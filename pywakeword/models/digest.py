"""SHA-256 of a model file, without OpenSSL, and the check against its card."""

from __future__ import annotations

import importlib
from typing import Any

from pywakeword.errors import CardError


def sha256_hex(data: bytes) -> str:
    """Return the digest in the form that cards use: lower-case hexadecimal."""
    return str(_sha256(data).hexdigest())


def file_entry(name: str, data: bytes) -> dict[str, Any]:
    """Return the entry of a card that describes a file; `check_file` is its counterpart."""
    return {"file": name, "bytes": len(data), "sha256": sha256_hex(data)}


def check_file(data: bytes, sha256: str, n_bytes: int | None = None) -> None:
    """Raise `CardError` unless a file has this digest and, if given, this length."""
    if n_bytes is not None and len(data) != n_bytes:
        raise CardError(f"the file has {len(data)} bytes, its card says {n_bytes}")
    digest = sha256_hex(data)
    if digest != sha256:
        raise CardError(f"the file's sha256 is {digest}, its card says {sha256}")


def _find_sha256() -> Any:
    # hashlib loads OpenSSL, 3.4 MB of memory. Most Python builds have a module of their own.
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            return importlib.import_module(name).sha256
        except ImportError:
            continue
    raise ImportError("this Python has no SHA-256")


_sha256 = _find_sha256()
