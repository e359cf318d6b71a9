from __future__ import annotations

import struct
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


def test_truncated_wav(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(16000), 16000)
    path.write_bytes(path.read_bytes()[:-100])
    message = r"a\.wav: truncated: its header promises 32000 bytes of audio, the file holds 31900"
    with pytest.raises(AudioFormatError, match=message):
        FileSource(path)


def test_wav_that_never_knew_its_length(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(16000), 16000)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, 4, 0xFFFFFFFF)
    struct.pack_into("<I", data, 40, 0xFFFFFFFF)
    path.write_bytes(data)
    assert len(read(path)) == 16000


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
