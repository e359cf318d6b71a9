"""Audio files of any format that libsndfile reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.audio.source import PcmBlock
from pywakeword.audio.wav_header import read_wav_header
from pywakeword.errors import AudioError, AudioFormatError

_Sample = TypeVar("_Sample", np.int16, np.float32)


class _SoundFile(Protocol):
    frames: int
    samplerate: int
    channels: int
    format: str
    subtype: str

    def read(self, frames: int, *, dtype: str, always_2d: bool) -> npt.NDArray[Any]: ...
    def __enter__(self) -> _SoundFile: ...
    def __exit__(self, *error: object) -> None: ...


class FileSource:
    """WAV, FLAC, Ogg Vorbis, Opus and every other format of libsndfile.

    Any sample rate and channel count: channels are averaged, the rate is converted to
    16 kHz. Mono 16-bit files at 16 kHz stay unchanged. Can be iterated more than once.
    Needs the extra `audio`.

    Parameters
    ----------
    path : str or path
        The file.
    block_s : float
        Length of the blocks in seconds.

    Raises
    ------
    AudioError
        If the file does not exist.
    AudioFormatError
        If it is not audio, or is shorter than its header says. Other damage, and NaN or
        infinity among float samples, raises it on iteration.
    MissingExtraError
        If soundfile is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], *, block_s: float = 1.0) -> None:
        self._path = Path(path)
        self._block_s = block_s
        self._soundfile = require("soundfile", "audio")
        if self._path.is_dir():
            raise AudioFormatError(f"{self._path}: is a directory, not an audio file")
        if not self._path.exists():
            raise AudioError(f"{self._path}: no such file")
        with self._open() as file:
            self._duration_s: float = file.frames / file.samplerate
            if file.format in ("WAV", "WAVEX"):
                self._check_length()

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return self._duration_s

    def __iter__(self) -> Iterator[PcmBlock]:
        with self._open() as file:
            untouched = (
                file.subtype == "PCM_16"
                and file.channels == 1
                and file.samplerate == SAMPLE_RATE_HZ
            )
            yield from self._pass_through(file) if untouched else self._convert(file)

    def _pass_through(self, file: _SoundFile) -> Iterator[PcmBlock]:
        yield from self._read(file, np.int16)

    def _convert(self, file: _SoundFile) -> Iterator[PcmBlock]:
        resampler = Resampler(file.samplerate)
        for block in self._read(file, np.float32):
            if not np.isfinite(block).all():
                raise AudioFormatError(f"{self._path}: holds NaN or infinite samples")
            yield resampler.process(block)
        yield resampler.finish()

    def _read(self, file: _SoundFile, kind: type[_Sample]) -> Iterator[npt.NDArray[_Sample]]:
        block_frames = max(1, round(self._block_s * file.samplerate))
        dtype = np.dtype(kind).name
        n_read = 0
        while n_read < file.frames:
            try:
                block = file.read(block_frames, dtype=dtype, always_2d=dtype != "int16")
            except RuntimeError as error:
                raise self._damaged(error) from error
            if not len(block):
                raise AudioFormatError(
                    f"{self._path}: truncated: {n_read} of {file.frames} samples could be read"
                )
            n_read += len(block)
            yield block

    def _open(self) -> _SoundFile:
        try:
            file: _SoundFile = self._soundfile.SoundFile(self._path)
        except RuntimeError as error:
            raise self._damaged(error) from error
        return file

    def _damaged(self, error: RuntimeError) -> AudioFormatError:
        reason = getattr(error, "error_string", str(error))
        return AudioFormatError(f"{self._path}: not readable audio: {reason}")

    def _check_length(self) -> None:
        with self._path.open("rb") as stream:
            try:
                header = read_wav_header(stream)
            except AudioFormatError:
                return  # libsndfile reads more kinds of WAV header
            n_present = self._path.stat().st_size - stream.tell()
        if header.data_bytes is not None and header.data_bytes > n_present:
            raise AudioFormatError(
                f"{self._path}: truncated: its header promises {header.data_bytes} bytes of audio, "
                f"the file holds {n_present}"
            )
