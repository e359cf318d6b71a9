from __future__ import annotations

import io
import os
import struct
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from pywakeword import AudioError, AudioFormatError, FileSource

soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")
pytest.importorskip("soxr", reason="the audio extra is not installed")

pytestmark = pytest.mark.portable


def sine(rate_hz: int, duration_s: float = 1.0, frequency_hz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(round(duration_s * rate_hz)) / rate_hz)


def read(path: Path, **options: float) -> np.ndarray:
    blocks = list(FileSource(path, **options))
    assert all(block.dtype == np.int16 and block.ndim == 1 for block in blocks)
    return np.concatenate(blocks)


def test_16_khz_mono_passes_untouched(tmp_path: Path) -> None:
    pcm = np.random.default_rng(1).integers(-32768, 32768, 40000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", pcm, 16000)
    source = FileSource(tmp_path / "a.wav", block_s=0.3)
    assert source.duration_s == 2.5
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate(list(source)), pcm)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 44100, 48000])
@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_any_rate_and_channel_count(tmp_path: Path, rate_hz: int, n_channels: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.repeat(sine(rate_hz)[:, np.newaxis], n_channels, axis=1), rate_hz)
    pcm = read(path, block_s=0.25)
    expected = 32768 * sine(16000)
    assert abs(len(pcm) - len(expected)) <= 1
    middle = slice(800, 15000)
    np.testing.assert_allclose(pcm[middle], expected[middle], atol=40)


def test_channels_are_averaged(tmp_path: Path) -> None:
    left = sine(16000)
    soundfile.write(tmp_path / "a.wav", np.stack([left, -left], axis=1), 16000)
    assert np.abs(read(tmp_path / "a.wav")).max() <= 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.flac", {}),
        ("a.ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.wav", {"subtype": "PCM_24"}),
        ("a.wav", {"subtype": "ULAW"}),
    ],
)
def test_formats(tmp_path: Path, name: str, options: dict) -> None:
    soundfile.write(tmp_path / name, sine(16000), 16000, **options)
    pcm = read(tmp_path / name)
    assert abs(len(pcm) - 16000) <= 1
    middle = slice(800, 15000)
    error = pcm[middle] - 32768 * sine(16000)[middle]
    assert np.sqrt(np.mean(error**2)) < 800


def test_the_cut_into_blocks_does_not_matter(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(44100), 44100)
    whole = read(tmp_path / "a.wav", block_s=10)
    np.testing.assert_allclose(read(tmp_path / "a.wav", block_s=0.01), whole, atol=1)


def test_full_scale_does_not_wrap(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([1.0, -1.0, 2.0, -2.0]), 16000, subtype="FLOAT")
    assert read(tmp_path / "a.wav").tolist() == [32767, -32768, 32767, -32768]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_is_refused(tmp_path: Path, value: float) -> None:
    samples = sine(16000)
    samples[9000] = value
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(AudioFormatError, match=r"a\.wav: holds NaN or infinite samples"):
        read(tmp_path / "a.wav")


@pytest.mark.parametrize(("peak", "subtype"), [(32767, "FLOAT"), (8e6, "DOUBLE"), (127, "FLOAT")])
@pytest.mark.parametrize("name", ["a.wav", "a.aiff"])
def test_floats_on_the_scale_of_integers_are_refused(
    tmp_path: Path, name: str, peak: float, subtype: str
) -> None:
    samples = np.concatenate([np.zeros(40_000), peak * sine(16_000)])
    soundfile.write(tmp_path / name, samples, 16000, subtype=subtype)
    blocks = iter(FileSource(tmp_path / name))
    with pytest.raises(AudioFormatError, match=r"its float samples reach \d+, where full scale is"):
        next(blocks)  # before the first sample


def test_truncated_wav(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(16000), 16000)
    path.write_bytes(path.read_bytes()[:-100])
    message = r"a\.wav: truncated: its header promises 32000 bytes of audio, the file holds 31900"
    with pytest.raises(AudioFormatError, match=message):
        FileSource(path)


UNKNOWN_LENGTHS = [0, 0x7FFFEFDB, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFF9B, 0xFFFFFFFF]


def with_length(path: Path, length: int, riff_length: int | None = None) -> np.ndarray:
    """Write a WAV file with a wrong length of its audio; return the samples in it."""
    pcm = np.random.default_rng(4).integers(-9000, 9000, 40001).astype(np.int16)
    soundfile.write(path, pcm, 16000)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"data") + 4, length)
    struct.pack_into("<I", data, 4, length if riff_length is None else riff_length)
    path.write_bytes(data)
    return pcm


@pytest.mark.parametrize("length", UNKNOWN_LENGTHS)
@pytest.mark.parametrize("riff_length", [0, 36, 0xFFFFFFFF])
def test_a_wav_without_its_length_is_read_to_its_end(
    tmp_path: Path, length: int, riff_length: int
) -> None:
    path = tmp_path / "a.wav"
    pcm = with_length(path, length, riff_length)
    np.testing.assert_array_equal(read(path), pcm)
    assert FileSource(path).duration_s == len(pcm) / 16000
    path.write_bytes(path.read_bytes()[:-1])  # the recorder is inside a sample
    np.testing.assert_array_equal(read(path), pcm[:-1])


def test_the_silence_of_a_wav_without_its_length_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with_length(path, 0)
    path.write_bytes(path.read_bytes()[:44] + bytes(3200))
    assert len(read(path)) == 1600


@pytest.mark.parametrize("rate_hz", [16000, 44100])
@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT", "ULAW"])
def test_other_samples_without_their_length(tmp_path: Path, rate_hz: int, subtype: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(rate_hz), rate_hz, subtype=subtype)
    whole = read(path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"data") + 4, 0)
    path.write_bytes(data[: len(data) - len(data) % 2])
    assert abs(len(read(path)) - len(whole)) <= 1


@pytest.mark.parametrize("length", [2, 44, 32000])
def test_a_recording_that_has_outgrown_its_header_is_refused(tmp_path: Path, length: int) -> None:
    with_length(tmp_path / "a.wav", length)
    with pytest.raises(AudioFormatError, match=rf"promises {length} bytes .* but more follows"):
        FileSource(tmp_path / "a.wav")


@pytest.mark.parametrize("n_skipped", [0, 36])
def test_a_second_recording_in_one_file_is_refused(tmp_path: Path, n_skipped: int) -> None:
    """As after `cat a.wav a.wav`, or with two data chunks."""
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(16000), 16000)
    data = path.read_bytes()
    path.write_bytes(data + data[n_skipped:])
    with pytest.raises(AudioFormatError, match="promises 32000 bytes of audio, but more follows"):
        FileSource(path)


@pytest.mark.parametrize(
    "tail",
    [
        b"LIST\x05\0\0\0INFOx",
        b"LIST\x05\0\0\0INFOx\0id3 \x04\0\0\0abcd",
        b"TAG" + bytes(range(125)),
        b"ID3\4" + b"\xff\xd8" * 9000,
        b"\x12\xff\x01" * 200,
        bytes(70000),
    ],
)
@pytest.mark.parametrize("n_samples", [0, 16000])
def test_what_follows_the_audio_is_no_audio(tmp_path: Path, tail: bytes, n_samples: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.arange(n_samples, dtype=np.int16), 16000)
    if n_samples or tail.startswith(b"LIST"):  # else its header may just not know the length
        path.write_bytes(path.read_bytes() + tail)
    np.testing.assert_array_equal(
        np.concatenate([np.empty(0), *FileSource(path)]), range(n_samples)
    )


@pytest.mark.parametrize(
    ("name", "find", "shift", "number", "lengths"),
    [
        ("a.au", b".snd", 8, ">I", [0, 2, 100, 0x7FFFFFFF]),
        ("a.aiff", b"SSND", 4, ">I", [8, 200]),
        ("a.caf", b"data", 4, ">q", [0, 4, 100]),
        ("a.rf64", b"ds64", 16, "<q", [0, 100]),
        ("a.svx", b"BODY", 4, ">I", [100, 200]),
    ],
)
def test_other_containers_that_promise_less_than_they_hold(
    tmp_path: Path, name: str, find: bytes, shift: int, number: str, lengths: list
) -> None:
    path = tmp_path / name
    pcm = np.random.default_rng(4).integers(-9000, 9000, 40001).astype(np.int16)
    soundfile.write(path, pcm, 16000, subtype="PCM_16", format=name[2:].upper())
    np.testing.assert_array_equal(read(path), pcm)
    data = bytearray(path.read_bytes())
    for length in lengths:
        struct.pack_into(number, data, data.rindex(find) + shift, length)
        path.write_bytes(data)
        with pytest.raises(AudioFormatError, match=r"more follows|no audio in it|not readable"):
            FileSource(path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(AudioFormatError):
        read(path)


@pytest.mark.parametrize(("name", "offset"), [("a.au", 1), ("a.au", 23), ("a.svx", None)])
def test_a_header_that_leads_elsewhere(tmp_path: Path, name: str, offset: int | None) -> None:
    path = tmp_path / name
    soundfile.write(path, sine(16_000), 16000, subtype="PCM_16", format=name[2:].upper())
    data = bytearray(path.read_bytes())
    if offset is None:
        data = data[:9000]
    else:
        struct.pack_into(">I", data, 4, offset)
    path.write_bytes(data)
    with pytest.raises(AudioFormatError, match="truncated"):
        FileSource(path)


def test_ogg_without_its_end_is_not_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.ogg"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.3, 0.3, 16000), 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioFormatError, match="no audio in it"):
        FileSource(path)


@pytest.mark.parametrize("rate_hz", [1, 0x7FFFFFFF])
def test_a_rate_that_is_none(tmp_path: Path, rate_hz: int) -> None:
    with_length(tmp_path / "a.wav", 0)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    struct.pack_into("<I", data, 24, rate_hz)
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(AudioFormatError, match=f"a sample rate of {rate_hz} Hz"):
        FileSource(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["a.raw", "a.RAW", "a.pcm"])
def test_raw_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bytes(32000))
    with pytest.raises(AudioFormatError, match=r"Raw 16 kHz .* is read from standard input"):
        FileSource(tmp_path / name)


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(16000), 16000)
    (tmp_path / "a.wav").rename(tmp_path / "a.raw")
    assert len(read(tmp_path / "a.raw")) == 16000


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "I/O error")]
)
def test_a_file_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise error

    soundfile.write(tmp_path / "a.wav", sine(16000), 16000)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AudioError, match=rf"a\.wav: {error.strerror}"):
        FileSource(tmp_path / "a.wav")


def test_a_name_with_a_null() -> None:
    with pytest.raises(AudioError, match="null"):
        FileSource("a\0b.wav")


class Failing(io.BytesIO):
    """A file on a disk that fails after its first kilobyte."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 1024:
            raise OSError(5, "Input/output error")
        return super().read(size)


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_a_disk_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture, kind: str
) -> None:
    path = tmp_path / "a"
    soundfile.write(path, np.random.default_rng(5).uniform(-1, 1, 48000), 16000, format=kind)
    data = path.read_bytes()
    monkeypatch.setattr(Path, "open", lambda *arguments, **options: Failing(data))
    with pytest.raises(AudioError, match="a: Input/output error"):
        read(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("error", [TypeError("x"), ZeroDivisionError("x"), MemoryError("x")])
def test_any_error_of_soundfile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise error

    soundfile.write(tmp_path / "a.wav", sine(16000), 16000)
    source = FileSource(tmp_path / "a.wav")
    with monkeypatch.context() as patch:
        patch.setattr(soundfile.SoundFile, "read", refuse)
        with pytest.raises(AudioFormatError, match=r"a\.wav: not readable audio: x"):
            list(source)
    monkeypatch.setattr(soundfile, "SoundFile", refuse)
    with pytest.raises(AudioFormatError, match=r"a\.wav: not readable audio: x"):
        FileSource(tmp_path / "a.wav")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
def test_a_pipe_is_read_like_a_file(tmp_path: Path, kind: str) -> None:
    soundfile.write(tmp_path / "a", sine(44100), 44100, format=kind)
    os.mkfifo(tmp_path / "pipe")
    data = (tmp_path / "a").read_bytes()
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    source = FileSource(tmp_path / "pipe")
    writer.join()
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate(list(source)), read(tmp_path / "a"))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="devices are POSIX")
def test_a_device_is_refused() -> None:
    with pytest.raises(AudioFormatError, match="is a device"):
        FileSource("/dev/zero")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems want names in UTF-8")
def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    soundfile.write(tmp_path / "a.wav", sine(16000), 16000)
    (tmp_path / "a.wav").rename(path)
    assert len(read(path)) == 16000


@pytest.mark.parametrize("block_s", [0, -1, np.nan, np.inf, True, "1", None])
def test_bad_block_length(block_s: object) -> None:
    with pytest.raises((TypeError, ValueError), match="block_s"):
        FileSource("a.wav", block_s=block_s)


@pytest.mark.parametrize("path", [None, 3, b"a.wav", ["a.wav"]])
def test_bad_path(path: object) -> None:
    with pytest.raises(TypeError, match="path must be"):
        FileSource(path)


def test_flac_without_a_length(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(16_000, np.int16), 16_000)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # the 36 bits of the length end with byte 25
    data[22:26] = bytes(4)
    path.write_bytes(data)
    with pytest.raises(AudioFormatError, match="its header gives no length"):
        FileSource(path)


def test_truncated_flac(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(2).uniform(-0.5, 0.5, 64000), 16000)
    path.write_bytes(path.read_bytes()[:40000])
    with pytest.raises(AudioFormatError, match=r"a\.flac: "):
        read(path)


@pytest.mark.parametrize("data", [b"", b"hello", b"RIFF\x10\0\0\0WAVE", bytes(5000)])
def test_not_audio(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(AudioFormatError, match=r"a\.wav: not readable audio"):
        FileSource(tmp_path / "a.wav")


def test_directory_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(AudioFormatError, match="is a directory"):
        FileSource(tmp_path)
    with pytest.raises(AudioError, match="no such file"):
        FileSource(tmp_path / "nothing.wav")


def test_empty_file_of_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0, np.int16), 16000)
    assert list(FileSource(tmp_path / "a.wav")) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (("hello world" * 300).encode("utf-16"), "it is text, which"),
        (b"\0\0\0\x20ftypM4A " + bytes(400), "it is MP4, which"),
        (b"\x1a\x45\xdf\xa3" + bytes(400), "it is Matroska or WebM, which"),
        (b"\xff\xfd\xa4\x04" + b"\x55" * 4000, "damaged, or of a kind"),
    ],
)
def test_the_reason_is_a_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "recording.wav"
    path.write_bytes(data)
    with pytest.raises(AudioFormatError, match=reason):
        FileSource(path)
