"""Converts audio of any sample rate and channel count to mono int16."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock


class _Filter(Protocol):
    def resample_chunk(
        self, chunk: npt.NDArray[np.float32], last: bool = False
    ) -> npt.NDArray[np.float32]: ...


class Resampler:
    """Converts a stream block by block; the result does not depend on the block lengths.

    Parameters
    ----------
    rate_hz : int
        Sample rate of the input.
    to_hz : int
        Sample rate of the output.
    """

    def __init__(self, rate_hz: int, to_hz: int = SAMPLE_RATE_HZ) -> None:
        self._filter: _Filter | None = None
        if rate_hz != to_hz:
            soxr = require("soxr", "audio")
            self._filter = soxr.ResampleStream(rate_hz, to_hz, 1, dtype="float32")

    def process(self, block: npt.NDArray[np.float32]) -> PcmBlock:
        """Convert (n_samples, n_channels) floats from -1 to 1; the channels are averaged."""
        mono = block.mean(axis=1, dtype=np.float32)
        return _to_int16(mono if self._filter is None else self._filter.resample_chunk(mono))

    def process_int16(self, block: PcmBlock) -> PcmBlock:
        """Convert mono int16; at equal rates the samples stay unchanged."""
        if self._filter is None:
            return block
        return self.process((block.astype(np.float32) / np.float32(32768))[:, np.newaxis])

    def finish(self) -> PcmBlock:
        """Return the samples that the filter still holds at the end of the audio."""
        rest = np.zeros(0, np.float32)
        return _to_int16(
            rest if self._filter is None else self._filter.resample_chunk(rest, last=True)
        )


def _to_int16(mono: npt.NDArray[np.float32]) -> PcmBlock:
    return np.clip(np.rint(mono * 32768), -32768, 32767).astype(np.int16)
