"""The audio format of the whole package: mono int16 PCM at 16 kHz, and its one check."""

from __future__ import annotations

from typing import Union

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000
INT16 = np.dtype(np.int16)

# Buffer formats: plain bytes, and int16 in native or little-endian order.
_PCM_FORMATS = ("B", "b", "c", "h", "<h")

Pcm = Union[npt.NDArray[np.int16], bytes, bytearray, memoryview]


def as_pcm(pcm: Pcm) -> npt.NDArray[np.int16]:
    """Return `pcm` as the core takes it: one-dimensional, int16, contiguous and aligned."""
    if isinstance(pcm, (bytes, bytearray, memoryview)):
        view = memoryview(pcm)
        if view.format not in _PCM_FORMATS:
            raise TypeError(f"pcm must hold bytes or int16, got items of format {view.format!r}")
        if view.nbytes % 2:
            raise ValueError("pcm as bytes must hold whole int16 samples: the length is odd")
        return np.frombuffer(pcm, dtype="<i2").astype(np.int16, copy=False)
    if not isinstance(pcm, np.ndarray):
        raise TypeError(f"pcm must be an int16 array or bytes, got {type(pcm).__name__}")
    if pcm.dtype != INT16:
        raise TypeError(f"pcm must be of dtype int16, got {pcm.dtype}")
    if pcm.ndim != 1:
        raise ValueError(f"pcm must be 1-D, shape (n_samples,), got shape {pcm.shape}")
    flags = pcm.flags
    if flags.c_contiguous and flags.aligned:
        return pcm
    return np.require(pcm, requirements=("C_CONTIGUOUS", "ALIGNED"))
