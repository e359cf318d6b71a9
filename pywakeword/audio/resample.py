"""Brings audio of any rate and channel count to mono int16 at one rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock


class Resampler:
    """Streaming conversion; the cut into blocks does not change the result.

    Parameters
    ----------
    rate_hz : int
        Sample rate of what comes in.
    to_hz : int
        Sample rate of what goes out.
    """

    def __init__(self, rate_hz: int, to_hz: int = SAMPLE_RATE_HZ) -> None:
        self._soxr: Any = None
        if rate_hz != to_hz:
            soxr = require("soxr", "audio")
            self._soxr = soxr.ResampleStream(rate_hz, to_hz, 1, dtype="float32")

    def process(self, block: npt.NDArray[np.float32]) -> PcmBlock:
        """Convert (n_samples, n_channels) floats of full scale 1; channels are averaged."""
        mono = block.mean(axis=1, dtype=np.float32)
        return _to_int16(mono if self._soxr is None else self._soxr.resample_chunk(mono))

    def process_int16(self, block: PcmBlock) -> PcmBlock:
        """Convert mono int16; at equal rates it passes through untouched."""
        if self._soxr is None:
            return block
        return self.process((block.astype(np.float32) / np.float32(32768))[:, np.newaxis])

    def finish(self) -> PcmBlock:
        """Return what the filter still holds at the end of the audio."""
        rest = np.zeros(0, np.float32)
        return _to_int16(rest if self._soxr is None else self._soxr.resample_chunk(rest, last=True))


def _to_int16(mono: npt.NDArray[np.float32]) -> PcmBlock:
    return np.clip(np.rint(mono * 32768), -32768, 32767).astype(np.int16)
