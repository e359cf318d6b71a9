"""Raw PCM of the formats that Wyoming clients send, as samples from -1 to 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_RATES_HZ = (8000, 192_000)
_CHANNELS = (1, 8)
_WIDTHS = (1, 2, 3, 4)


@dataclass(frozen=True)
class AudioFormat:
    """Interleaved little-endian integer PCM.

    Raises
    ------
    ValueError
        If the service does not take this format.
    """

    rate_hz: int
    width: int
    n_channels: int

    def __post_init__(self) -> None:
        for name, value in (
            ("rate", self.rate_hz),
            ("width", self.width),
            ("channels", self.n_channels),
        ):
            if not isinstance(value, int) or isinstance(value, bool):
                raise ValueError(f"{name} of the audio must be a whole number, got {value!r}")
        if not (
            _RATES_HZ[0] <= self.rate_hz <= _RATES_HZ[1]
            and _CHANNELS[0] <= self.n_channels <= _CHANNELS[1]
            and self.width in _WIDTHS
        ):
            raise ValueError(
                f"audio of {self}; the service takes 8, 16, 24 and 32 bit, "
                f"{_RATES_HZ[0]} to {_RATES_HZ[1]} Hz and up to {_CHANNELS[1]} channels"
            )

    def __str__(self) -> str:
        return f"{self.n_channels} channel(s), {self.rate_hz} Hz, {8 * self.width} bit"

    def check_whole(self, audio: bytes) -> None:
        """Raise `ValueError` if the audio ends inside a frame of all channels."""
        frame = self.width * self.n_channels
        if len(audio) % frame:
            raise ValueError(
                f"audio-chunk of {len(audio)} bytes ends inside a frame of {frame} bytes ({self})"
            )

    def decode(self, audio: bytes, *, unsigned: bool = False) -> npt.NDArray[np.float32]:
        """Return (n_samples, n_channels) floats; `unsigned` is for 8 bit only."""
        return _samples(audio, self.width, unsigned).reshape(-1, self.n_channels)


def looks_unsigned(audio: bytes) -> bool:
    """Whether 8-bit audio is unsigned, as in WAV files, and not signed, as in the protocol.

    Both occur. Audio lies near its zero: 0 if it is signed, 128 if it is not.
    """
    signed = np.frombuffer(audio, np.int8).astype(np.int16)
    return len(signed) > 0 and float(np.abs(signed).mean()) > 64


def _samples(audio: bytes, width: int, unsigned: bool) -> npt.NDArray[np.float32]:
    if width == 1 and unsigned:
        return np.asarray(np.frombuffer(audio, np.uint8).astype(np.float32) / 128 - 1, np.float32)
    if width == 3:
        # Into the upper three bytes of 32 bits.
        wide = np.zeros((len(audio) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(audio, np.uint8).reshape(-1, 3)
        audio, width = wide.tobytes(), 4
    values = np.frombuffer(audio, f"<i{width}").astype(np.float32)
    return np.asarray(values / np.float32(1 << (8 * width - 1)), np.float32)
