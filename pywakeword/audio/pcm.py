"""The audio format of the whole package: mono int16 PCM at 16 kHz, and its one check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

import numpy as np
import numpy.typing as npt

from pywakeword._core import as_pcm

if TYPE_CHECKING:
    from array import array

__all__ = ["INT16", "SAMPLE_RATE_HZ", "Pcm", "as_pcm"]

SAMPLE_RATE_HZ = 16_000
INT16 = np.dtype(np.int16)

Pcm = Union[npt.NDArray[np.int16], bytes, bytearray, memoryview, "array[int]"]
