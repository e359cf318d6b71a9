from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from pywakeword import ArraySource, AudioError, AudioFormatError, StdinSource

pytestmark = pytest.mark.portable

PCM = np.arange(-500, 500, dtype=np.int16)
RAW = PCM.astype("<i2").tobytes()


class Dribble(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data = io.BytesIO(data)
        self._step = step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self._data.read(min(self._step, len(buffer)))
        buffer[: len(data)] = data
        return len(data)


def wav_header(
    rate_hz: int = 16000,
    n_channels: int = 1,
    bits: int = 16,
    tag: int = 1,
    extra: bytes = b"",
    length: int = 0x80000000,
) -> bytes:
    block = n_channels * bits // 8
    chunk = struct.pack("<HHIIHH", tag, n_channels, rate_hz, rate_hz * block, block, bits) + extra
    body = b"WAVEfmt " + struct.pack("<I", len(chunk)) + chunk + b"LIST\x03\0\0\0abc\0"
    return b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + body + b"data" + struct.pack("<I", length)


def read(data: bytes, step: int = 4096) -> np.ndarray:
    blocks = list(StdinSource(io.BufferedReader(Dribble(data, step))))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


@pytest.mark.parametrize("step", [1, 3, 4, 5, 160, 4096])
@pytest.mark.parametrize("n_samples", [0, 1, 2, 3, 1000])
def test_raw_pcm_in_any_pieces(step: int, n_samples: int) -> None:
    np.testing.assert_array_equal(read(RAW[: 2 * n_samples], step), PCM[:n_samples])


def test_nothing_waits_for_a_full_buffer() -> None:
    blocks = list(StdinSource(io.BufferedReader(Dribble(RAW, 100))))
    assert max(map(len, blocks)) <= 52


class NothingYet(io.RawIOBase):
    """A pipe in non-blocking mode, after some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes | None:
        return self._data.read(size) or None


@pytest.mark.parametrize("n_bytes", [0, 3, 400])
def test_a_stream_that_does_not_wait_is_refused(n_bytes: int) -> None:
    with pytest.raises(AudioFormatError, match="non-blocking"):
        list(StdinSource(NothingYet(RAW[:n_bytes])))


def test_a_header_without_end_is_refused() -> None:
    header = wav_header()
    long = header[:12] + b"JUNK" + struct.pack("<I", 1 << 31) + header[12:]
    with pytest.raises(AudioFormatError, match="longer than 1048576 bytes"):
        read(long + RAW)


@pytest.mark.parametrize("n_bytes", [1, 5, 1999])
def test_a_byte_left_over_is_reported(n_bytes: int) -> None:
    source = iter(StdinSource(io.BytesIO(RAW[:n_bytes])))
    if n_bytes > 1:
        np.testing.assert_array_equal(next(source), PCM[:2])
        rest = PCM[2 : n_bytes // 2]
        if len(rest):
            np.testing.assert_array_equal(next(source), rest)
    with pytest.raises(AudioFormatError, match="ended inside a sample"):
        next(source)


def test_a_matching_wav_header_is_skipped() -> None:
    np.testing.assert_array_equal(read(wav_header() + RAW, 7), PCM)
    extensible = wav_header(tag=0xFFFE, extra=struct.pack("<HHIH", 22, 16, 4, 1) + bytes(14))
    np.testing.assert_array_equal(read(extensible + RAW), PCM)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (wav_header(rate_hz=8000), "1 channel.s., 8000 Hz, 16-bit PCM"),
        (wav_header(n_channels=2), "2 channel"),
        (wav_header(bits=8), "8-bit PCM"),
        (wav_header(tag=3, bits=32), "32-bit format 3"),
        (wav_header()[:30], "ends before its audio"),
        (b"RIFF\0\0\0\0AVI ", "not a RIFF/WAVE header"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0", "no format chunk"),
    ],
)
def test_another_wav_header_is_refused(header: bytes, message: str) -> None:
    with pytest.raises(AudioFormatError, match=message):
        read(header)


@pytest.mark.parametrize("length", [0, 0x7FFFEFDB, 0x7FFFF000, 0x7FFFFFFF, 0x80000024, 0xFFFFFF9B])
def test_a_wav_without_its_length_is_read_to_its_end(length: int) -> None:
    np.testing.assert_array_equal(read(wav_header(length=length) + RAW, 7), PCM)


@pytest.mark.parametrize(
    "tail",
    [b"", b"LIST\x05\0\0\0INFOx", b"\x01\xff\x02", bytes(5000), b"ID3\4" + b"\xff\xd8" * 9000],
)
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_audio_ends_where_its_header_says(tail: bytes, step: int) -> None:
    np.testing.assert_array_equal(read(wav_header(length=len(RAW)) + RAW + tail, step), PCM)


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (len(RAW) + 2, "truncated: its WAV header promises 2002 bytes of audio, 2000 arrived"),
        (400, "goes on after the 400 bytes of audio that its WAV header promises"),
        (2, "goes on after the 2 bytes"),
    ],
)
def test_another_length_than_in_the_header_is_reported(length: int, message: str) -> None:
    source = iter(StdinSource(io.BytesIO(wav_header(length=length) + RAW)))
    np.testing.assert_array_equal(next(source), PCM[: length // 2])
    with pytest.raises(AudioFormatError, match=message):
        next(source)


def test_a_second_recording_on_standard_input_is_reported() -> None:
    data = wav_header(length=len(RAW)) + RAW
    source = iter(StdinSource(io.BytesIO(data + data)))
    np.testing.assert_array_equal(next(source), PCM)
    with pytest.raises(AudioFormatError, match="goes on after the 2000 bytes"):
        next(source)


FRAME = b"\xff\xfb\x90\x64" + bytes(413)
MP2_FRAME = b"\xff\xfd\xa4\x04" + bytes(572)
ADTS = b"\xff\xf1\x60\x40\x08\x00\xfc" + bytes(57)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"fLaC", "FLAC"),
        (b"OggS", "Ogg"),
        (b"ID3\4", "MP3"),
        (FRAME * 3, "MP3"),
        (ADTS * 3, "AAC"),
        (b"RF64", "RF64"),
        (b"RIFX", "RIFX"),
        (b"FORM", "AIFF"),
        (b".snd", "AU"),
        (b"caff", "CAF"),
        (b"riff\x2e\x91", "W64"),
        (b"\0\0\0\x20ftypM4A ", "MP4"),
        (b"\x1a\x45\xdf\xa3", "Matroska"),
        (b"\x30\x26\xb2\x75", "ASF"),
        (b"#!AMR\n", "AMR"),
        (b"NIST_1A\n", "NIST"),
        (b"PK\3\4", "ZIP"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"\x89PNG\r\n", "PNG"),
        (b"%PDF-1.4", "PDF"),
        (b"2BIT", "AVR"),
        (struct.pack(">iihh", 16000, 625, 2, 0), "HTK"),
        (struct.pack(">iihh", -1, 1250, 2, 0), "HTK"),
        (struct.pack(">iihh", 300, 100_000, 52, 0o106), "HTK"),
        (b"PVF1\n1 16000 16\n", "PVF"),
        (b"\xf0\x7e\0\1", "SDS"),
        (b".ra\xfd\0\4", "RealAudio"),
        (b"ajkg\2", "Shorten"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\x04\x22\x4d\x18", "LZ4"),
        (b"\x80\x04\x95\x10\x20", "a pickle"),
        ((b"G" + bytes(187)) * 3, "MPEG-TS"),
        (MP2_FRAME * 3, "MP2"),
        ("a note without audio".encode("utf-16"), "text"),
        (b"\xfe\xff" + "a note without audio".encode("utf-16-be"), "text"),
        (b"\xef\xbb\xbf" + b"no audio\n" * 9, "text"),
        (b"<!DOCTYPE html>\n<html><head></head>", "text"),
        (b"no audio\n" * 9, "text"),
    ],
)
@pytest.mark.parametrize("step", [1, 4096])
def test_other_formats_are_refused(data: bytes, name: str, step: int) -> None:
    with pytest.raises(AudioFormatError, match=f"standard input is {name}"):
        read(data + bytes(300), step)


KINDS = ["FLAC", "OGG", "MP3", "AU", "AIFF", "RF64", "W64", "CAF", "VOC"]
KINDS += ["AVR", "HTK", "IRCAM", "MAT5", "NIST", "PAF", "PVF", "SDS", "SVX"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_of_libsndfile_is_taken_for_raw_pcm(kind: str) -> None:
    soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")
    file = io.BytesIO()
    soundfile.write(file, np.random.default_rng(1).uniform(-1, 1, 16000), 16000, format=kind)
    with pytest.raises(AudioFormatError, match="standard input is"):
        read(file.getvalue())


def test_pcm_that_begins_like_another_format() -> None:
    starts = [
        b"\xff\xfb\x90\x64",
        b"\0\0\0\x20",
        struct.pack(">iihh", 9, 625, 2, 99),
        b"fL",
        b"ABCD",
        b"\xff\xf1\x60\x40\x08\x00\xfc",
    ]
    for start in starts:
        data = start + RAW
        data = data[: len(data) - len(data) % 2]
        for step in (1, 7, 4096):
            assert read(data, step).astype("<i2").tobytes() == data


def sound(n_samples: int = 32_000) -> np.ndarray:
    """Notes that swell, over a floor of noise."""
    t = np.arange(n_samples) / 16_000
    notes = np.sin(2 * np.pi * 200 * t) + 0.5 * np.sin(2 * np.pi * 570 * t)
    floor = np.random.default_rng(7).standard_normal(n_samples)
    return np.rint(4000 * notes * np.sin(2 * np.pi * t) ** 2 + 40 * floor).astype(np.int16)


def as_24_bit(pcm: np.ndarray) -> bytes:
    return (pcm.astype("<i4") << 8).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


OTHER_SAMPLES = {
    "big-endian": lambda pcm: pcm.astype(">i2").tobytes(),
    "8-bit": lambda pcm: ((pcm >> 8) + 128).astype(np.uint8).tobytes(),
    "24-bit": as_24_bit,
    "32-bit": lambda pcm: (pcm.astype("<i4") << 16).tobytes(),
    "32-bit float": lambda pcm: (pcm / np.float32(30_000)).astype("<f4").tobytes(),
}


@pytest.mark.parametrize("kind", OTHER_SAMPLES)
@pytest.mark.parametrize("silence_s", [0, 3])
def test_raw_samples_of_another_kind_are_refused(kind: str, silence_s: int) -> None:
    pcm = np.concatenate([np.zeros(silence_s * 16_000, np.int16), sound()])
    with pytest.raises(AudioFormatError, match=f"and not as {kind} samples"):
        read(OTHER_SAMPLES[kind](pcm))


@pytest.mark.parametrize("amplitude", [1, 300, 32767])
def test_noise_and_tones_are_16_bit(amplitude: int) -> None:
    random, t = np.random.default_rng(amplitude), np.arange(32_000) / 16_000
    sounds = [random.integers(-amplitude, amplitude + 1, 32_000).astype(np.int16)]
    sounds += [np.full(32_000, amplitude, np.int16)]
    for frequency in (100, 3999, 6500, 7900, 8000):
        sounds.append(np.rint(amplitude * np.sin(2 * np.pi * frequency * t + 0.3)).astype(np.int16))
        sounds.append((amplitude * np.sign(sounds[-1])).clip(-32768, 32767).astype(np.int16))
    for pcm in [*sounds, sound()]:
        np.testing.assert_array_equal(read(pcm.astype("<i2").tobytes()), pcm)


@pytest.mark.parametrize("stream", [io.StringIO("audio"), "audio", 3, b"audio"])
def test_streams_that_are_none(stream: object) -> None:
    with pytest.raises(TypeError, match="stream must be a binary file"):
        StdinSource(stream)


def test_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.BytesIO(RAW)
    closed.close()
    with pytest.raises(AudioError, match="standard input: I/O operation on closed file"):
        list(StdinSource(closed))
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(AudioError, match="standard input is closed"):
        StdinSource()


def test_array_source() -> None:
    blocks = list(ArraySource(PCM, block_samples=300))
    assert [len(block) for block in blocks] == [300, 300, 300, 100]
    np.testing.assert_array_equal(np.concatenate(blocks), PCM)


def test_array_source_errors() -> None:
    with pytest.raises(TypeError, match="float64"):
        ArraySource(np.zeros(3))
    with pytest.raises(ValueError, match="1-D"):
        ArraySource(np.zeros((3, 2), np.int16))
    with pytest.raises(ValueError, match="block_samples"):
        ArraySource(PCM, block_samples=0)
