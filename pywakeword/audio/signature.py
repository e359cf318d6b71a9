"""Recognises files by their first bytes, so that none is taken for raw PCM."""

from __future__ import annotations

from typing import BinaryIO

from pywakeword.audio.wav_header import read_fully

# (offset, bytes there, name)
_SIGNATURES = (
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (0, b"ID3", "MP3"),
    (0, b"RF64", "RF64"),
    (0, b"BW64", "BW64"),
    (0, b"RIFX", "RIFX"),
    (0, b"FORM", "AIFF"),
    (0, b".snd", "AU"),
    (0, b"dns.", "AU"),
    (0, b"caff", "CAF"),
    (0, b"riff", "W64"),
    (4, b"ftyp", "MP4"),
    (4, b"moov", "MP4"),
    (4, b"mdat", "MP4"),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (0, b"\x30\x26\xb2\x75", "ASF or WMA"),
    (0, b"#!AM", "AMR"),
    (0, b"#!SI", "SILK"),
    (0, b"ADIF", "AAC"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"wvpk", "WavPack"),
    (0, b"TTA1", "True Audio"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"DSD ", "DSD"),
    (0, b"FRM8", "DSD"),
    (0, b"MThd", "MIDI"),
    (0, b"NIST_1A", "NIST SPHERE"),
    (0, b"Creative Voice", "VOC"),
    (0, b"FLV\x01", "FLV"),
    (0, b"\x00\x00\x01\xba", "MPEG"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"BZh9", "bzip2"),
    (0, b"\xfd7zXZ", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
)
_LEAST_TEXT_BYTES, _TEXT_BYTES = 8, 32
_TEXT = frozenset(b"\t\n\r") | frozenset(range(32, 127))
# Layer III by version bits: kbit/s per index, samples per 8 bits, sample rates.
_MPEG1_KBIT = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBIT = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
# A frame, and the heads of it and the next: one head alone may be a sample of PCM.
_N_FRAMES = 2


def recognise(stream: BinaryIO, start: bytes) -> tuple[bytes, str | None]:
    """Return the bytes read so far, and the name of the format if it is not raw PCM.

    Parameters
    ----------
    stream : binary file
        Read on only if `start` may be the beginning of another format.
    start : bytes
        The first 4 bytes.
    """
    for offset, magic, name in _SIGNATURES:
        if offset == 0 and len(start) >= 4 and magic.startswith(start[: len(magic)]):
            start = _extend(stream, start, len(magic))
            if start.startswith(magic):
                return start, name
    if start[:2] == bytes(2) and len(start) == 4 and 8 <= start[2] * 256 + start[3] <= 4096:
        start = _extend(stream, start, 8)
        for offset, magic, name in _SIGNATURES:
            if offset == 4 and start[4:8] == magic:
                return start, name
    if start and all(byte in _TEXT for byte in start):
        start = _extend(stream, start, _TEXT_BYTES)
        if len(start) >= _LEAST_TEXT_BYTES and all(byte in _TEXT for byte in start):
            return start, "text"
    return _mpeg(stream, start)


def _mpeg(stream: BinaryIO, start: bytes) -> tuple[bytes, str | None]:
    """Recognise MPEG audio and AAC by a chain of frames."""
    position = 0
    if len(start) >= 4 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0:
        start = _extend(stream, start, 7)
    for _ in range(_N_FRAMES):
        length, name = _frame(start[position : position + 7])
        if not length:
            return start, None
        position += length
        start = _extend(stream, start, position + 7)
    length, name = _frame(start[position : position + 7])
    return start, name if length else None


def _frame(head: bytes) -> tuple[int, str]:
    """Return the length of a frame with this head, 0 if it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0, ""
    if head[1] & 0xF6 == 0xF0 and len(head) == 7:  # ADTS
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        return (length if length > 7 else 0), "AAC"
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate_index, bit_rate = head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or layer != 1 or rate_index == 3 or bit_rate in (0, 15):
        return 0, ""
    kbit = (_MPEG1_KBIT if version == 3 else _MPEG2_KBIT)[bit_rate]
    padding = head[2] >> 1 & 1
    slots = 144 if version == 3 else 72
    return slots * 1000 * kbit // _RATES_HZ[version][rate_index] + padding, "MP3"


def _extend(stream: BinaryIO, start: bytes, n_bytes: int) -> bytes:
    return start + read_fully(stream, max(0, n_bytes - len(start)))
