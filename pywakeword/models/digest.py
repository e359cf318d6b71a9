"""Reads model files within limits, and checks them against their cards (SHA-256, no OpenSSL)."""

from __future__ import annotations

import importlib
import stat
from pathlib import Path
from typing import Any

from pywakeword.errors import CardError

MAX_MODEL_BYTES = 512 << 20


def read_file(path: Path, *, n_bytes: int | None = None, limit: int = MAX_MODEL_BYTES) -> bytes:
    """Read a file whose kind and size are checked before the first byte is read.

    Raises
    ------
    CardError
        If it is no regular file (a pipe would block), larger than `limit`, or, if `n_bytes`
        is given, has another length than its card says.
    OSError
        If it cannot be read.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise CardError("not a regular file")
    if n_bytes is not None and found.st_size != n_bytes:
        raise CardError(f"the file has {found.st_size} bytes, its card says {n_bytes}")
    if found.st_size > limit:
        raise CardError(f"the file has {found.st_size} bytes, at most {limit} are read")
    with path.open("rb") as file:
        return file.read(found.st_size)


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
