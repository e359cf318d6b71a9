"""Raw PCM from a pipe, as it arrives."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import BinaryIO, cast

import numpy as np

from pywakeword.audio.pcm import SAMPLE_RATE_HZ, as_pcm
from pywakeword.audio.signature import misread, recognise
from pywakeword.audio.source import PcmBlock
from pywakeword.audio.wav_header import (
    LONGEST_JUNK_BYTES,
    PCM_FORMAT_TAG,
    read_fully,
    read_wav_header,
    unexplained_bytes,
)
from pywakeword.errors import AudioError, AudioFormatError

_MAX_READ_BYTES = 65536
# Raw PCM has no header: the first sounds show whether the samples have 16 bits.
_CHECKED_SAMPLES, _CHECK_SAMPLES = 30 * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ // 12 * 12


class StdinSource:
    """Signed 16-bit little-endian mono PCM at 16 kHz from a binary stream.

    Each read gives one block, without waiting for a buffer to fill. A WAV header at the
    start (`arecord` writes one without `-t raw`) is skipped if its format is this one;
    if it knows the length, the audio ends there. Other formats are recognised by their
    first bytes and refused; raw samples of another width or byte order by their sound, in
    the first 30 s.

    Parameters
    ----------
    stream : binary file, optional
        Default: standard input.

    Raises
    ------
    AudioError
        If standard input is closed, or a read fails.
    AudioFormatError
        On iteration, after all audio before the fault: if the stream is text, has
        another format, ends inside a sample, is shorter or longer than its WAV header
        says, or is non-blocking and has no data.
    TypeError
        If `stream` is not a binary file.
    """

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = binary_stdin() if stream is None else stream
        if isinstance(self._stream, io.TextIOBase) or not hasattr(self._stream, "read"):
            raise TypeError(f"stream must be a binary file, got {type(stream).__name__}")

    def __iter__(self) -> Iterator[PcmBlock]:
        try:
            yield from self._blocks()
        except (OSError, ValueError) as error:  # closed, or opened for writing
            reason = getattr(error, "strerror", None) or error
            raise AudioError(f"standard input: {reason}") from error

    def _blocks(self) -> Iterator[PcmBlock]:
        pending, n_promised = self._begin()
        check = _WidthCheck() if n_promised is None else None
        n_read = len(pending)
        while True:
            n_whole = len(pending) - len(pending) % 2
            if n_whole:
                block = as_pcm(pending[:n_whole])
                yield block
                if check:
                    check.take(block)
            n_left = _MAX_READ_BYTES if n_promised is None else n_promised - n_read
            data = self._read_available(min(n_left, _MAX_READ_BYTES)) if n_left else b""
            if not data:
                break
            n_read += len(data)
            pending = pending[n_whole:] + data
        if check:
            check.close()
        if n_promised is not None:
            self._check_length(n_promised, n_read)
        if len(pending) > n_whole:
            raise AudioFormatError("standard input ended inside a sample: one byte is left over")

    def _read_available(self, n_bytes: int) -> bytes:
        # read() waits for the full count; read1() returns what is there.
        if hasattr(self._stream, "read1"):
            data = cast(io.BufferedReader, self._stream).read1(n_bytes)
        else:
            data = self._stream.read(n_bytes)
        if data is None:
            raise AudioFormatError("the stream is non-blocking and has no data")
        return data

    def _check_length(self, n_promised: int, n_read: int) -> None:
        if n_read < n_promised:
            raise AudioFormatError(
                f"standard input is truncated: its WAV header promises {n_promised} bytes of "
                f"audio, {n_read} arrived"
            )
        read_fully(self._stream, n_promised % 2)
        if unexplained_bytes(self._stream) > LONGEST_JUNK_BYTES:
            raise AudioFormatError(
                f"standard input goes on after the {n_promised} bytes of audio that its WAV "
                "header promises"
            )

    def _begin(self) -> tuple[bytes, int | None]:
        """Return the first bytes of audio, and the length of the audio if a header knows it."""
        start = read_fully(self._stream, 4)
        if start != b"RIFF":
            start, name = recognise(self._stream, start)
            if name is not None:
                raise AudioFormatError(
                    f"standard input is {name}; raw PCM or WAV with 1 channel, "
                    f"{SAMPLE_RATE_HZ} Hz, 16 bits is needed"
                )
            return start, None
        header = read_wav_header(self._stream, start)
        if (
            header.format_tag != PCM_FORMAT_TAG
            or header.n_channels != 1
            or header.sample_rate_hz != SAMPLE_RATE_HZ
            or header.bits_per_sample != 16
        ):
            raise AudioFormatError(
                f"standard input is WAV with {header.describe()}; "
                f"1 channel, {SAMPLE_RATE_HZ} Hz, 16-bit PCM is needed"
            )
        return b"", header.data_bytes


class _WidthCheck:
    """Listens to the first samples, a second at a time."""

    def __init__(self) -> None:
        self._blocks: list[PcmBlock] = []
        self._n_held = 0
        self._n_left = _CHECKED_SAMPLES

    def take(self, block: PcmBlock) -> None:
        if self._n_left <= 0:
            return
        self._blocks.append(block)
        self._n_held += len(block)
        if self._n_held >= _CHECK_SAMPLES:
            self.close()

    def close(self) -> None:
        samples = np.concatenate(self._blocks or [np.zeros(0, np.int16)])
        kind = misread(samples)
        if kind is not None:
            raise AudioFormatError(
                f"standard input is noise as 16-bit little-endian PCM, and not as {kind} samples: "
                f"raw PCM with 1 channel, {SAMPLE_RATE_HZ} Hz, 16 bits is needed"
            )
        n_kept = len(samples) % 12 if self._n_held >= _CHECK_SAMPLES else 0
        self._blocks = [samples[len(samples) - n_kept :]]
        self._n_held = n_kept
        self._n_left -= len(samples)


def binary_stdin() -> BinaryIO:
    """Return standard input as bytes.

    Raises
    ------
    AudioError
        If it is closed.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise AudioError("standard input is closed")
    buffer = getattr(sys.stdin, "buffer", None)  # a notebook replaces it by text
    if buffer is None:
        raise AudioError("standard input has no bytes here")
    return cast(BinaryIO, buffer)
