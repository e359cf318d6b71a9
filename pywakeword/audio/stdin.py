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

    A block is what one read gives, so nothing waits for a buffer to fill. A
    WAV header in front (`arecord` writes one unless told `-t raw`) is skipped
    if it says this very format.

    Parameters
    ----------
    stream : binary file, optional
        Standard input if left out.

    Raises
    ------
    AudioFormatError
        On iteration: if a WAV header says another format, the stream ends inside
        a sample, or it is in non-blocking mode and has nothing to give. Everything
        before that has been yielded by then.
    """

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = sys.stdin.buffer if stream is None else stream

    def __iter__(self) -> Iterator[PcmBlock]:
        # The header's length decides nothing here: a pipe ends when it ends.
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
        # read() of a buffered reader waits for the full count; read1 does not.
        if hasattr(self._stream, "read1"):
            data = cast(io.BufferedReader, self._stream).read1(_MAX_READ_BYTES)
        else:
            data = self._stream.read(_MAX_READ_BYTES)
        if data is None:
            raise AudioFormatError("the stream is in non-blocking mode, and has nothing to give")
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
