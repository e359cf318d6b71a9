"""Raw PCM from a pipe, as it arrives."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import BinaryIO, cast

from pywakeword.audio.pcm import SAMPLE_RATE_HZ, as_pcm
from pywakeword.audio.source import PcmBlock
from pywakeword.audio.wav_header import PCM_FORMAT_TAG, read_fully, read_wav_header
from pywakeword.errors import AudioFormatError

_MAX_READ_BYTES = 65536


class StdinSource:
    """Signed 16-bit little-endian mono PCM at 16 kHz from a binary stream.

    Each read gives one block, without waiting for a buffer to fill. A WAV header at the
    start (`arecord` writes one without `-t raw`) is skipped if its format is this one.

    Parameters
    ----------
    stream : binary file, optional
        Default: standard input.

    Raises
    ------
    AudioFormatError
        On iteration, after all audio before the fault: if a WAV header has another
        format, the stream ends inside a sample, or a non-blocking stream has no data.
    """

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = sys.stdin.buffer if stream is None else stream

    def __iter__(self) -> Iterator[PcmBlock]:
        # The length in the header is ignored: a pipe may go on or end earlier.
        pending = self._skip_wav_header()
        while True:
            n_whole = len(pending) - len(pending) % 2
            if n_whole:
                yield as_pcm(pending[:n_whole])
            data = self._read_available()
            if not data:
                break
            pending = pending[n_whole:] + data
        if len(pending) > n_whole:
            raise AudioFormatError("standard input ended inside a sample: one byte is left over")

    def _read_available(self) -> bytes:
        # read() waits for the full count; read1() returns what is there.
        if hasattr(self._stream, "read1"):
            data = cast(io.BufferedReader, self._stream).read1(_MAX_READ_BYTES)
        else:
            data = self._stream.read(_MAX_READ_BYTES)
        if data is None:
            raise AudioFormatError("the stream is non-blocking and has no data")
        return data

    def _skip_wav_header(self) -> bytes:
        start = read_fully(self._stream, 4)
        if start != b"RIFF":
            return start
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
        return b""
