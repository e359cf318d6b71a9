"""Bodies within limits, and errors as answers."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from pywakeword._fields import Fields
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock
from pywakeword.studio.catalogue import StudioError
from pywakeword.studio.requests import parse_object

_MAX_JSON_BYTES = 64 * 1024


async def chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body as it comes; more than `limit` bytes is an error."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > limit:
        raise HTTPException(413, f"at most {_size(limit)} can be sent")
    n_bytes = 0
    async for chunk in request.stream():
        n_bytes += len(chunk)
        if n_bytes > limit:
            raise HTTPException(413, f"at most {_size(limit)} can be sent")
        yield chunk


async def read_json(request: Request) -> Fields:
    """Return the fields of a JSON body."""
    return parse_object(b"".join([part async for part in chunks(request, _MAX_JSON_BYTES)]))


async def read_pcm(request: Request, longest_s: float) -> PcmBlock:
    """Return a body of 16 kHz mono int16 PCM."""
    limit = int(2 * SAMPLE_RATE_HZ * longest_s)
    data = b"".join([part async for part in chunks(request, limit)])
    if not data or len(data) % 2:
        raise StudioError("the body must be whole int16 samples")
    return np.frombuffer(data, "<i2").astype(np.int16)


async def fault(_: Request, error: Exception) -> JSONResponse:
    """Answer with the error."""
    if isinstance(error, OSError) and not isinstance(error, (FileNotFoundError, ImportError)):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        text = "the disk is full" if full else error.strerror or str(error)
        return JSONResponse({"error": text}, 507 if full else 500)
    return JSONResponse({"error": str(error)}, 400)


async def refuse(_: Request, error: Exception) -> JSONResponse:
    """Answer with an HTTP error as JSON."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


def number(request: Request, name: str, low: int, high: int) -> int:
    """Return a whole number of the query."""
    text = request.query_params.get(name, "")
    if not text.isascii() or not text.isdigit() or not low <= int(text[:20]) <= high:
        raise StudioError(f"{name} must be a whole number from {low} to {high}")
    return int(text)


def text_of(request: Request, name: str, longest: int = 200) -> str:
    """Return a text of the query."""
    text: Any = request.query_params.get(name)
    if text is None or len(text) > longest:
        raise StudioError(f"{name} is missing or too long")
    return str(text)


def _size(n_bytes: int) -> str:
    return f"{n_bytes >> 20} MB" if n_bytes >= 1 << 20 else f"{n_bytes >> 10} KB"
