"""Recognises files by their first bytes, so that none is taken for raw PCM."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

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
    (0, b"ALawSoundFile", "Psion WVE"),
    (0, b"Extended Instrument", "XI"),
    (0, b"2BIT", "AVR"),
    (0, b" paf", "PAF"),
    (0, b"fap ", "PAF"),
    (0, b"\x64\xa3\x01\x00", "IRCAM"),
    (0, b"\x64\xa3\x02\x00", "IRCAM"),
    (0, b"\x64\xa3\x03\x00", "IRCAM"),
    (0, b"\x00\x01\xa3\x64", "IRCAM"),
    (0, b"\x00\x02\xa3\x64", "IRCAM"),
    (0, b"\x00\x03\xa3\x64", "IRCAM"),
    (0, b"\x7f\xfe\x80\x01", "DTS"),
    (0, b"FLV\x01", "FLV"),
    (0, b"\x00\x00\x01\xba", "MPEG"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"BZh9", "bzip2"),
    (0, b"\xfd7zXZ", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"7z\xbc\xaf", "7-Zip"),
    (0, b"Rar!", "RAR"),
    (0, b"\x89PNG", "PNG"),
    (0, b"\xff\xd8\xff\xe0", "JPEG"),
    (0, b"\xff\xd8\xff\xe1", "JPEG"),
    (0, b"GIF8", "GIF"),
    (0, b"%PDF", "PDF"),
    (0, b"\x7fELF", "a program"),
    (0, b"\x93NUMPY", "NumPy"),
    (0, b"PVF1", "PVF"),
    (0, b"\xf0\x7e", "SDS"),
    (0, b".ra\xfd", "RealAudio"),
    (0, b".RMF", "RealMedia"),
    (0, b"ajkg", "Shorten"),
    (0, b"tBaK", "TAK"),
    (0, b"OFR ", "OptimFROG"),
    (0, b"\x89HDF", "HDF5"),
    (0, b"\x04\x22\x4d\x18", "LZ4"),
    (0, b"\x80\x04\x95", "a pickle of Python"),
    (0, b"\x80\x05\x95", "a pickle of Python"),
)
# What libsndfile reads under another name of file; anything else here it does not read.
READABLE = frozenset({"FLAC", "Ogg", "MP2", "MP3", "RF64", "RIFX", "AIFF", "AU", "CAF", "W64"})
READABLE |= {"NIST SPHERE", "VOC", "Psion WVE", "XI", "AVR", "PAF", "IRCAM"}
READABLE |= {"HTK", "PVF", "SDS"}
_HTK = struct.Struct(">iihh")  # samples, period in 100 ns, bytes of a sample, kind
_HTK_FIRST_BYTES = (0, 1, 2, 3, 0x7F, 0xFF)  # up to an hour, or a length that is not known
_HTK_PERIODS = range(10_000_000 // 768_000, 10_000_000 // 1000 + 1)
_HTK_STEPS = range(10_000, 1_000_001, 1000)  # of features: 1 to 100 ms
_TS_BYTES = 188  # of a packet
_LEAST_TEXT_BYTES, _TEXT_BYTES = 8, 32
_TEXT_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_TEXT = frozenset(b"\t\n\r") | frozenset(range(32, 127))
_WIDE = "32-bit"
_LEAST_MISREAD_BYTES = 8192
_LOWEST_MEAN, _WRAPPED_RMS = -24_000, 20_000  # bytes around 128
_NOISE_RMS, _NOISE_ROUGHNESS = 4000, 1.5
_LARGEST_FLOAT = 16
# Layers II and III by version bits: kbit/s per index, samples per 8 bits, sample rates.
_MPEG1_KBIT = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG1_II_KBIT = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
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
    if len(start) >= 4 and start[0] in _HTK_FIRST_BYTES:
        start = _extend(stream, start, _HTK.size)
        if _is_htk(start):
            return start, "HTK"
    if start.startswith(_TEXT_MARKS) or (start and all(byte in _TEXT for byte in start)):
        start = _extend(stream, start, _TEXT_BYTES)
        if len(start) >= _LEAST_TEXT_BYTES and _is_text(start):
            return start, "text"
    if start.startswith(b"G"):
        start = _extend(stream, start, 2 * _TS_BYTES + 1)
        if start[::_TS_BYTES] == b"GGG":
            return start, "MPEG-TS"
    return _mpeg(stream, start)


def misread(samples: npt.NDArray[np.int16]) -> str | None:
    """Return what raw bytes are, if they make sense in another width or order of bytes.

    As int16 they are then noise near full scale. A stretch that says nothing gives None:
    only 8-bit and 32-bit samples show in silence.

    Parameters
    ----------
    samples : (n_samples,) ndarray of int16
        Half a second or more, from the first byte or a multiple of 12 bytes after it.
    """
    raw = samples[: len(samples) // 6 * 6].astype("<i2").view(np.uint8)
    if len(raw) < _LEAST_MISREAD_BYTES:
        return None
    pcm = raw.view("<i2").astype(np.float64)
    if pcm[1::2].any() and not pcm[::2].any():
        return _WIDE
    rms = np.sqrt(np.mean(pcm**2))
    if pcm.mean() < _LOWEST_MEAN or (rms > _WRAPPED_RMS and _roughness(raw) < 1):
        return "8-bit"
    # The upper half of a spectrum folds into the lower one where every other sample is left out.
    halves = max(_roughness(pcm[::2]), _roughness(pcm[1::2]))
    if rms < _NOISE_RMS or _roughness(pcm) < _NOISE_ROUGHNESS or halves < 1:
        return None
    bytes_24 = np.zeros((len(raw) // 3, 4), np.uint8)
    bytes_24[:, 1:] = raw.reshape(-1, 3)
    floats = raw.view("<f4")
    readings = {"big-endian": raw.view(">i2"), "24-bit": bytes_24.reshape(-1).view("<i4")}
    readings[_WIDE] = raw.view("<i4")
    if np.isfinite(floats).all() and 0 < np.abs(floats).max() < _LARGEST_FLOAT:
        readings = {"32-bit float": floats}
    roughness = {kind: _roughness(values) for kind, values in readings.items()}
    kind = min(roughness, key=lambda key: roughness[key])
    return kind if roughness[kind] < 1 else None


def _roughness(values: npt.NDArray[Any]) -> float:
    """Power of the difference by that of the signal: 2 for white noise, 0.1 to 0.8 for speech."""
    signal = values.astype(np.float64) - values.mean(dtype=np.float64)
    power = float(np.mean(signal**2))
    return float(np.mean(np.diff(signal) ** 2)) / power if power > 0 else np.inf


def _is_htk(start: bytes) -> bool:
    """Return whether this is the head of samples, or features, without any magic."""
    if len(start) < _HTK.size:
        return False
    _, period, size, kind = _HTK.unpack_from(start)
    if kind == 0:
        return size == 2 and period in _HTK_PERIODS
    return kind & 0o77 in range(1, 14) and size in range(2, 4001, 2) and period in _HTK_STEPS


def _is_text(start: bytes) -> bool:
    start = start.removeprefix(b"\xef\xbb\xbf")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        high, low = start[3::2], start[2::2]
        if start[0] == 0xFE:
            high, low = low, high
        return not any(high) and all(byte in _TEXT for byte in low)
    return all(byte in _TEXT for byte in start)


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
    if version == 1 or layer not in (1, 2) or rate_index == 3 or bit_rate in (0, 15):
        return 0, ""
    is_layer_2 = layer == 2
    mpeg1_kbit = _MPEG1_II_KBIT if is_layer_2 else _MPEG1_KBIT
    kbit = (mpeg1_kbit if version == 3 else _MPEG2_KBIT)[bit_rate]
    padding = head[2] >> 1 & 1
    slots = 144 if version == 3 or is_layer_2 else 72
    name = "MP2" if is_layer_2 else "MP3"
    return slots * 1000 * kbit // _RATES_HZ[version][rate_index] + padding, name


def _extend(stream: BinaryIO, start: bytes, n_bytes: int) -> bytes:
    return start + read_fully(stream, max(0, n_bytes - len(start)))
