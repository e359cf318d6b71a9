"""Reads a request's body within limits of size and time, and splits it into its parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from pywakeword.errors import VerifierRefusedError
from pywakeword.verifier.contract import MAX_AUDIO_BYTES, MAX_METADATA_BYTES

# Boundaries and headers of the two parts.
_FRAMING_BYTES = 4 * 1024


def max_body_bytes(max_audio_bytes: int) -> int:
    """Return the size of the largest body with so much audio."""
    return MAX_METADATA_BYTES + max_audio_bytes + _FRAMING_BYTES


MAX_BODY_BYTES = max_body_bytes(MAX_AUDIO_BYTES)
_PARTS = ("metadata", "audio")


def find_boundary(content_type: str | None) -> bytes:
    """Return the boundary in a Content-Type; refuse anything but multipart."""
    kind, options = parse_options_header((content_type or "").encode("latin-1", "replace"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 70:
        raise VerifierRefusedError(
            415, "not_multipart", "Content-Type must be multipart/form-data with a boundary"
        )
    return boundary


def check_framing(headers: Mapping[str, str], max_bytes: int = MAX_BODY_BYTES) -> None:
    """Refuse a body by its Content-Length, before reading it."""
    content_length = headers.get("content-length")
    if content_length is not None and "transfer-encoding" in headers:
        # A proxy and this server could disagree about where the request ends.
        raise VerifierRefusedError(
            400, "bad_framing", "a request has Content-Length or Transfer-Encoding, not both"
        )
    if content_length is not None and content_length.isdecimal():
        _check_size(int(content_length[:20]), max_bytes)  # more digits would not make it smaller


async def read_body(
    chunks: AsyncIterator[bytes], *, timeout_s: float, max_bytes: int = MAX_BODY_BYTES
) -> bytes:
    """Read a body; refuse it as soon as it is too large or too slow."""
    body = bytearray()
    try:
        await asyncio.wait_for(_gather(chunks, body, max_bytes), timeout_s)
    except asyncio.TimeoutError:
        raise VerifierRefusedError(
            408,
            "slow_sender",
            f"the body is incomplete after {timeout_s:g} s: {len(body)} bytes",
        ) from None
    return bytes(body)


def split_parts(body: bytes, boundary: bytes) -> tuple[bytes, bytes]:
    """Return the parts `metadata` and `audio` of a multipart body; each must occur once."""
    collector = _Collector()
    parser = MultipartParser(boundary, collector.callbacks())  # type: ignore[arg-type]
    try:
        parser.write(body)
        parser.finalize()
    except (MultipartParseError, UnicodeDecodeError, ValueError) as error:
        raise _bad_multipart(f"not readable: {error}") from None
    if not collector.ended:
        raise _bad_multipart("it ends before the last boundary")
    for name in _PARTS:
        if name not in collector.parts:
            raise _bad_multipart(f"part {name!r} is missing")
    return bytes(collector.parts["metadata"]), bytes(collector.parts["audio"])


class _Collector:
    """Collects the parts by name; its methods are the parser's callbacks."""

    def __init__(self) -> None:
        self.parts: dict[str, bytearray] = {}
        self.ended = False
        self._part = bytearray()
        self._name = bytearray()
        self._value = bytearray()
        self._disposition = b""

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_part_data": lambda data, start, end: self._part.extend(data[start:end]),
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_headers_finished": self._name_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._disposition = b""
        self._part = bytearray()

    def _header(self) -> None:
        if bytes(self._name).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _name_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("ascii", "replace")
        if name not in _PARTS:
            raise _bad_multipart(f"unknown part {name[:40]!r}")
        if name in self.parts:
            raise _bad_multipart(f"part {name!r} occurs twice")
        self.parts[name] = self._part

    def _end(self) -> None:
        self.ended = True


async def _gather(chunks: AsyncIterator[bytes], body: bytearray, max_bytes: int) -> None:
    async for chunk in chunks:
        body += chunk
        _check_size(len(body), max_bytes)


def _check_size(n_bytes: int, max_bytes: int) -> None:
    if n_bytes > max_bytes:
        raise VerifierRefusedError(
            413, "body_too_large", f"the body is larger than {max_bytes} bytes"
        )


def _bad_multipart(message: str) -> VerifierRefusedError:
    return VerifierRefusedError(400, "bad_multipart", f"multipart body: {message}")
