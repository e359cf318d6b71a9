"""Reads the header of a WAV stream: its format and the length of its audio.

libsndfile accepts a WAV file that is shorter than its header says. The length read here
lets `FileSource` report that.
"""

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
# Writers that cannot seek back leave one of these as the length.
_UNKNOWN_LENGTHS = (0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


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
        data_bytes=None if length in _UNKNOWN_LENGTHS else length,
    )


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
