"""Where the audio of a file lies, by its container's chunks.

libsndfile believes the length in a header. An interrupted recorder leaves 0 there, or the
length at its last update; the audio after it would be lost without a word.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

from pywakeword.audio.wav_header import LONGEST_JUNK_BYTES, is_unknown, unexplained_bytes

# Chunk formats: start of the file -> offset of the first chunk, its head, names of the audio.
_CONTAINERS = {
    b"RIFF": (12, "<4sI", (b"data",)),
    b"RF64": (12, "<4sI", (b"data",)),
    b"FORM": (12, ">4sI", (b"SSND", b"BODY")),
    b"caff": (8, ">4sQ", (b"data",)),
}
_AU_MAGIC, _AU_HEADER_BYTES = b".snd", 24
_MOST_CHUNKS = 10_000


@dataclass(frozen=True)
class AudioExtent:
    """The audio chunk of a file.

    `promised` is its length in bytes by the header, None if the writer did not know it;
    `present` counts the bytes up to the end of the file. `is_followed` is True if bytes
    follow that the container does not explain. `length_offset` says where the header has
    the length.
    """

    promised: int | None
    present: int
    is_followed: bool
    length_offset: int


def find_audio(stream: BinaryIO) -> AudioExtent | None:
    """Return where the audio lies, or None if the container has no plain chunks."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    start = stream.read(12)
    if start[:4] == _AU_MAGIC and len(start) >= 12:
        offset, promised = struct.unpack_from(">II", start, 4)
        if offset < _AU_HEADER_BYTES:
            return AudioExtent(size, 0, False, 8)  # it would read its header as audio
        present = max(0, size - offset)
        return _extent(promised, present, promised < present - LONGEST_JUNK_BYTES, 8)
    if start[:4] not in _CONTAINERS:
        return None
    offset, head_format, audio_names = _CONTAINERS[start[:4]]
    return _walk(stream, size, offset, struct.Struct(head_format), audio_names)


def _walk(
    stream: BinaryIO, size: int, offset: int, head: struct.Struct, audio_names: tuple[bytes, ...]
) -> AudioExtent | None:
    long_length = None  # RF64 keeps the length of its audio in an earlier chunk
    for _ in range(_MOST_CHUNKS):
        stream.seek(offset)
        data = stream.read(head.size + 16)
        if len(data) < head.size:
            return None
        name, length = head.unpack_from(data)
        begin = offset + head.size
        if name == b"ds64" and len(data) >= head.size + 16:
            (long_length,) = struct.unpack_from("<Q", data, head.size + 8)
        if name in audio_names:
            promised = length if long_length is None else long_length
            present = size - begin
            is_followed = False
            if promised < present:
                stream.seek(begin + promised + promised % 2 * (head.size == 8))
                n_bytes = unexplained_bytes(stream, head, may_pad=promised > 0)
                is_followed = n_bytes > (LONGEST_JUNK_BYTES if promised else 0)
            return _extent(promised, present, is_followed, offset + 4)
        offset = begin + length + length % 2 * (head.size == 8)
    return None


def _extent(promised: int, present: int, is_followed: bool, length_offset: int) -> AudioExtent:
    known = None if promised > present and is_unknown(promised) else promised
    return AudioExtent(known, present, is_followed, length_offset)
