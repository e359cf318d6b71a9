"""Converts a WAV or raw PCM answer to chunks of audio while it arrives."""

from __future__ import annotations

import io

import numpy as np

from pywakeword.audio.wav_header import PCM_FORMAT_TAG, read_wav_header
from pywakeword.errors import AudioFormatError, ServiceRefusedError, ServiceTruncatedError
from pywakeword.tts.speech import AudioChunk

_LONGEST_HEADER = 4096


class PcmBytes:
    """16-bit little-endian PCM in pieces of any length; averages channels.

    `what` names the answer in errors.
    """

    def __init__(self, what: str, sample_rate_hz: int, n_channels: int = 1) -> None:
        if not (8000 <= sample_rate_hz <= 192_000 and 1 <= n_channels <= 8):
            raise ServiceRefusedError(
                f"{what}: audio of {n_channels} channel(s) at {sample_rate_hz} Hz is not speech"
            )
        self._what = what
        self._rate_hz = sample_rate_hz
        self._n_channels = n_channels
        self._pending = b""
        self.n_bytes = 0

    def feed(self, data: bytes) -> list[AudioChunk]:
        """Return the complete samples of the rest and `data`."""
        self.n_bytes += len(data)
        data = self._pending + data
        n_whole = len(data) - len(data) % (2 * self._n_channels)
        self._pending = data[n_whole:]
        if not n_whole:
            return []
        pcm = np.frombuffer(data[:n_whole], "<i2").astype(np.int16)
        if self._n_channels > 1:
            pcm = pcm.reshape(-1, self._n_channels).mean(axis=1).round().astype(np.int16)
        return [AudioChunk(pcm, self._rate_hz)]

    def finish(self) -> None:
        """Check that the answer ended with a complete sample."""
        if self._pending:
            raise ServiceTruncatedError(f"{self._what}: the audio ended inside a sample")


class WavBytes:
    """A WAV file in pieces of any length."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._head = b""
        self._pcm: PcmBytes | None = None
        self._promised: int | None = None

    def feed(self, data: bytes) -> list[AudioChunk]:
        """Return the audio of `data`."""
        if self._pcm is not None:
            return self._pcm.feed(data)
        self._head += data
        stream = io.BytesIO(self._head)
        try:
            header = read_wav_header(stream)
        except AudioFormatError as error:
            is_wav = self._head.startswith(b"RIFF"[: len(self._head)])
            if is_wav and len(self._head) < _LONGEST_HEADER:
                return []  # the header is incomplete
            raise ServiceRefusedError(
                f"{self._what}: the answer is no WAV audio: {error}"
            ) from None
        if header.format_tag != PCM_FORMAT_TAG or header.bits_per_sample != 16:
            raise ServiceRefusedError(
                f"{self._what}: the WAV holds {header.describe()}, not PCM 16"
            )
        self._promised = header.data_bytes
        self._pcm = PcmBytes(self._what, header.sample_rate_hz, header.n_channels)
        return self._pcm.feed(stream.read())

    def finish(self) -> None:
        """Check that the answer has the length in its header."""
        if self._pcm is None:
            if self._head:
                raise ServiceTruncatedError(f"{self._what}: the answer ended inside its WAV header")
            raise ServiceRefusedError(f"{self._what}: the answer is empty")
        self._pcm.finish()
        if self._promised is not None and self._pcm.n_bytes < self._promised:
            raise ServiceTruncatedError(
                f"{self._what}: {self._pcm.n_bytes} of {self._promised} bytes of audio arrived"
            )
