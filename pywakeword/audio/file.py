"""Audio files of any format that libsndfile reads."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from pywakeword._checks import check_number
from pywakeword._extras import require
from pywakeword.audio.extent import find_audio
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.audio.signature import READABLE, recognise
from pywakeword.audio.source import PcmBlock
from pywakeword.errors import AudioError, AudioFormatError

_Sample = TypeVar("_Sample", np.int16, np.float32)

_RATES_HZ = range(1000, 768_001)
_RAW_SUFFIXES = {".raw", ".pcm", ".s16", ".sw"}
_LONGEST_WAV_BYTES = 0xFFFFFFFF
_LONGEST_BLOCK_S = 3600
# What libsndfile says where it does not say why.
_NO_REASON = ("Unspecified", "System error", "Internal error", "No Error", "File does not exist")
_UNKNOWN_FRAMES = 1 << 62
# Full scale of float samples is 1. Loud masters go a little beyond; integers written as
# floats go to 32767 or further.
_LARGEST_FLOAT = 32


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
    A pipe is read to its end, into memory. A WAV file whose header does not know the
    length is read to its end. Needs the extra `audio`.

    Parameters
    ----------
    path : str or path
        The file, or a named pipe.
    block_s : float
        Length of the blocks in seconds.

    Raises
    ------
    AudioError
        If the file does not exist or cannot be opened.
    AudioFormatError
        If it is not audio, or is shorter or longer than its header says. Other damage,
        and NaN, infinity or values beyond 32 (full scale is 1) among float samples, raises it
        on iteration.
    MissingExtraError
        If soundfile is not installed.
    TypeError, ValueError
        If an argument is of the wrong type or out of range.
    """

    def __init__(self, path: str | os.PathLike[str], *, block_s: float = 1.0) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"path must be a str or a path, got {type(path).__name__}")
        self._path = Path(path)
        self._block_s = _check_block_s(block_s)
        self._soundfile = require("soundfile", "audio")
        self._pipe: bytes | None = None
        self._is_unfinished = False
        self._length_offset = 0
        mode = self._mode()
        if stat.S_ISDIR(mode):
            raise AudioFormatError(f"{self._path}: is a directory, not an audio file")
        if stat.S_ISFIFO(mode):
            with self._stream() as stream:
                self._pipe = stream.read()
        elif not stat.S_ISREG(mode):
            raise AudioFormatError(f"{self._path}: is a device, not an audio file")
        with self._stream() as stream:
            self._check_kind(stream)
            stream.seek(0)
            self._check_extent(stream)
        with self._open() as file:
            self._duration_s: float = file.frames / file.samplerate

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
        if file.subtype in ("FLOAT", "DOUBLE"):
            self._check_scale()
        resampler = Resampler(file.samplerate)
        for block in self._read(file, np.float32):
            if not np.isfinite(block).all():
                raise AudioFormatError(f"{self._path}: holds NaN or infinite samples")
            yield resampler.process(block)
        yield resampler.finish()

    def _check_scale(self) -> None:
        with self._open() as file:
            peak = max((float(np.abs(b).max()) for b in self._read(file, np.float32)), default=0)
        if np.isfinite(peak) and peak > _LARGEST_FLOAT:
            raise AudioFormatError(
                f"{self._path}: its float samples reach {peak:.0f}, where full scale is 1; "
                "divide them by the full scale of their integers, such as 32768"
            )

    def _read(self, file: _SoundFile, kind: type[_Sample]) -> Iterator[npt.NDArray[_Sample]]:
        block_frames = max(1, round(self._block_s * file.samplerate))
        dtype = np.dtype(kind).name
        n_read = 0
        while n_read < file.frames:
            try:
                block = file.read(block_frames, dtype=dtype, always_2d=dtype != "int16")
            except Exception as error:  # libsndfile's, or any other of soundfile's
                raise self._damaged(error) from error
            if not len(block):
                raise AudioFormatError(
                    f"{self._path}: truncated: {n_read} of {file.frames} samples could be read"
                )
            n_read += len(block)
            yield block

    def _mode(self) -> int:
        try:
            return self._path.stat().st_mode
        except FileNotFoundError:
            raise AudioError(f"{self._path}: no such file") from None
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error

    @contextmanager
    def _stream(self) -> Iterator[BinaryIO]:
        """Open the bytes of the file."""
        try:
            raw = self._path.open("rb") if self._pipe is None else io.BytesIO(self._pipe)
        except OSError as error:
            raise self._unreadable(error) from error
        with raw as stream:
            try:
                yield stream
            except OSError as error:
                raise self._unreadable(error) from error

    @contextmanager
    def _open(self) -> Iterator[_SoundFile]:
        with self._stream() as stream:
            view = _View(stream, self._length_offset if self._is_unfinished else None)
            try:
                file: _SoundFile = self._soundfile.SoundFile(view)
            except Exception as error:
                raise self._damaged(view.error or error) from error
            with file:
                if file.samplerate not in _RATES_HZ:
                    raise AudioFormatError(
                        f"{self._path}: a sample rate of {file.samplerate} Hz; "
                        f"{_RATES_HZ[0]} to {_RATES_HZ[-1]} Hz can be read"
                    )
                if file.frames == 0 and file.format not in ("WAV", "WAVEX"):
                    raise AudioFormatError(
                        f"{self._path}: no audio in it, or its header or end is missing"
                    )
                if file.frames >= _UNKNOWN_FRAMES:  # FLAC from a program that wrote into a pipe
                    raise AudioFormatError(
                        f"{self._path}: its header gives no length, and libsndfile cannot read "
                        f"such {file.format}; write it anew, for example as WAV"
                    )
                try:
                    yield file
                except AudioFormatError as error:
                    if view.error is None:
                        raise
                    raise self._unreadable(view.error) from error

    def _unreadable(self, error: Exception) -> AudioError:
        return AudioError(f"{self._path}: {getattr(error, 'strerror', None) or error}")

    def _damaged(self, error: Exception) -> AudioError:
        if isinstance(error, OSError):
            return self._unreadable(error)
        reason = str(getattr(error, "error_string", error))
        if reason.startswith(_NO_REASON):
            reason = "damaged, or of a kind that libsndfile does not know."
        hint = ""
        if self._path.suffix.lower() in _RAW_SUFFIXES:
            hint = " Raw 16 kHz mono 16-bit PCM is read from standard input: '-' as FILE."
        return AudioFormatError(f"{self._path}: not readable audio: {reason}{hint}")

    def _check_kind(self, stream: BinaryIO) -> None:
        """Refuse what is known to be no audio that libsndfile reads: it may take it for MP3."""
        _, kind = recognise(stream, stream.read(4))
        if kind == "text":  # some formats begin with text
            stream.seek(0)
            kind = kind if stream.read(2) in (b"\xff\xfe", b"\xfe\xff") else None
        if kind is not None and kind not in READABLE:
            raise AudioFormatError(
                f"{self._path}: not readable audio: it is {kind}, which libsndfile does not read"
            )

    def _check_extent(self, stream: BinaryIO) -> None:
        """Compare the length in the header with the file."""
        is_wav = stream.read(4) == b"RIFF"
        extent = find_audio(stream)
        if extent is None:
            return
        if extent.promised is not None and extent.promised > extent.present:
            raise AudioFormatError(
                f"{self._path}: truncated: its header promises {extent.promised} bytes of audio, "
                f"the file holds {extent.present}"
            )
        self._length_offset = extent.length_offset
        self._is_unfinished = is_wav and (
            extent.promised is None or (extent.promised == 0 and extent.is_followed)
        )
        if self._is_unfinished and extent.present > _LONGEST_WAV_BYTES:
            raise AudioFormatError(
                f"{self._path}: {extent.present} bytes of audio are more than a WAV file can hold"
            )
        if extent.is_followed and extent.promised:
            raise AudioFormatError(
                f"{self._path}: its header promises {extent.promised} bytes of audio, but more "
                "follows: is it still being written?"
            )


def _check_block_s(block_s: float) -> float:
    check_number("block_s", block_s)
    if not 0 < block_s <= _LONGEST_BLOCK_S:  # a NaN fails too
        raise ValueError(f"block_s must be above 0 and at most {_LONGEST_BLOCK_S}: {block_s!r}")
    return block_s


class _View:
    """The bytes of a file as soundfile reads them, without its name.

    `length_offset` says where a length is that the writer did not know: it reads as the
    largest, and libsndfile then reads to the end of the file. Errors are kept, because
    exceptions cannot pass through libsndfile.
    """

    def __init__(self, stream: BinaryIO, length_offset: int | None) -> None:
        self._stream = stream
        self._length_offset = length_offset
        self.error: OSError | None = None

    def read(self, n_bytes: int) -> bytes:
        begin = self._stream.tell()
        try:
            data = self._stream.read(n_bytes)
        except OSError as error:
            self.error = error
            return b""
        if self._length_offset is None or not begin - 4 < self._length_offset < begin + len(data):
            return data
        at = self._length_offset - begin
        patched = bytearray(data)
        for index in range(max(0, at), min(len(data), at + 4)):
            patched[index] = 0xFF
        return bytes(patched)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> None:
        # A damaged header may point anywhere; libsndfile compares the position.
        with suppress(OSError, ValueError, OverflowError):
            self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()
