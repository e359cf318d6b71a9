"""Reads the header of a WAV stream, and what follows its audio."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from pywakeword.errors import AudioFormatError

PCM_FORMAT_TAG = 1
_EXTENSIBLE_FORMAT_TAG = 0xFFFE
# A broken header could announce chunks without end.
_LONGEST_HEADER_BYTES = 1 << 20
_LONGEST_READ_BYTES = 65536
# Writers that cannot seek back leave 0, or a length near the largest of 31, 32 or 64 bits.
_UNKNOWN_LENGTHS = (
    range(1),
    range(0x7FFF0000, 0x80001000),
    range(0xFFFF0000, 0x100000000),
    range(0x7FFFFFFFFFFF0000, 0x8000000000001000),
    range(0xFFFFFFFFFFFF0000, 0x10000000000000000),
)
_RIFF_CHUNK = struct.Struct("<4sI")
# Tags of MP3 that some programs append to other files too.
_TAGS = (b"ID3", b"TAG", b"APETAGEX")
# More audio: a second file, or a second part of it.
_AUDIO_CHUNKS = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"data", b"SSND")
# Bytes after the audio that no chunk explains: fewer than these are no word.
LONGEST_JUNK_BYTES = 1024


@dataclass(frozen=True)
class WavHeader:
    """Format of a WAV stream; the audio starts right after the bytes read.

    `data_bytes` is None if the writer did not know the length.
    """

    format_tag: int
    n_channels: int
    sample_rate_hz: int
    bits_per_sample: int
    data_bytes: int | None

    def describe(self) -> str:
        """Return the format in words, for error messages."""
        kind = "PCM" if self.format_tag == PCM_FORMAT_TAG else f"format {self.format_tag}"
        return (
            f"{self.n_channels} channel(s), {self.sample_rate_hz} Hz, "
            f"{self.bits_per_sample}-bit {kind}"
        )


def read_wav_header(stream: BinaryIO, already_read: bytes = b"") -> WavHeader:
    """Consume a header up to the first byte of audio.

    Parameters
    ----------
    stream : binary file
        Read in order; it need not be seekable.
    already_read : bytes
        Bytes of the header that were read before.

    Raises
    ------
    AudioFormatError
        If there is no complete RIFF/WAVE header of at most 1 MiB.
    """
    start = already_read + read_fully(stream, 12 - len(already_read))
    if len(start) < 12 or start[:4] != b"RIFF" or start[8:12] != b"WAVE":
        raise AudioFormatError("not a RIFF/WAVE header")
    format_chunk = None
    n_left = _LONGEST_HEADER_BYTES
    while True:
        name, length = _read_chunk_head(stream)
        if name == b"data":
            break
        n_left -= 8 + length + length % 2
        if n_left < 0:
            raise AudioFormatError(f"the WAV header is longer than {_LONGEST_HEADER_BYTES} bytes")
        body = read_fully(stream, length + length % 2)
        if name == b"fmt ":
            format_chunk = body
    if format_chunk is None or len(format_chunk) < 16:
        raise AudioFormatError("the WAV header has no format chunk")
    tag, n_channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", format_chunk)
    if tag == _EXTENSIBLE_FORMAT_TAG and len(format_chunk) >= 26:
        (tag,) = struct.unpack_from("<H", format_chunk, 24)
    return WavHeader(
        format_tag=tag,
        n_channels=n_channels,
        sample_rate_hz=rate,
        bits_per_sample=bits,
        data_bytes=None if is_unknown(length) else length,
    )


def is_unknown(length: int) -> bool:
    """Return whether a header's length stands for "unknown"."""
    return any(length in lengths for lengths in _UNKNOWN_LENGTHS)


def unexplained_bytes(
    stream: BinaryIO, chunk: struct.Struct = _RIFF_CHUNK, *, may_pad: bool = True
) -> int:
    """Read on after the audio; return how many bytes follow that belong to no chunk.

    Reading stops where they are more than `LONGEST_JUNK_BYTES`.

    Parameters
    ----------
    stream : binary file
        Read in order, from the end of the audio.
    chunk : Struct
        Head of a chunk: name and length.
    may_pad : bool
        Zeros up to the end of the stream are explained: some recorders fill their file.
    """
    while True:
        head = read_fully(stream, chunk.size)
        if head.startswith(_TAGS):
            return 0
        is_name = all(32 <= byte < 127 for byte in head[:4])
        if len(head) < chunk.size or not is_name or head.startswith(_AUDIO_CHUNKS):
            break
        length = chunk.unpack(head)[1]
        n_skipped = _skip(stream, length + (length % 2 if chunk.size == 8 else 0))
        if n_skipped < length:
            return chunk.size + n_skipped
    n_bytes, is_padding = len(head), may_pad and not any(head)
    while is_padding or n_bytes <= LONGEST_JUNK_BYTES:
        block = read_fully(stream, LONGEST_JUNK_BYTES)
        if not block:
            break
        n_bytes += len(block)
        is_padding = is_padding and not any(block)
    return 0 if is_padding else n_bytes


def _skip(stream: BinaryIO, n_bytes: int) -> int:
    n_left = n_bytes
    while n_left and (part := read_fully(stream, min(n_left, _LONGEST_READ_BYTES))):
        n_left -= len(part)
    return n_bytes - n_left


def read_fully(stream: BinaryIO, n_bytes: int) -> bytes:
    """Read `n_bytes`, or fewer at the end of the stream.

    Raises
    ------
    AudioFormatError
        If the stream is non-blocking and has no data.
    """
    data = b""
    while len(data) < n_bytes:
        part = stream.read(min(n_bytes - len(data), _LONGEST_READ_BYTES))
        if part is None:
            raise AudioFormatError("the stream is non-blocking and has no data")
        if not part:
            break
        data += part
    return data


def _read_chunk_head(stream: BinaryIO) -> tuple[bytes, int]:
    head = read_fully(stream, 8)
    if len(head) < 8:
        raise AudioFormatError("the WAV header ends before its audio")
    name, length = struct.unpack("<4sI", head)
    return name, length
