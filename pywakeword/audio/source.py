"""`AudioSource`, the protocol of all sources, and `ArraySource`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pywakeword._checks import check_integer
from pywakeword.audio.pcm import as_pcm

PcmBlock = npt.NDArray[np.int16]


class AudioSource(Protocol):
    """An iterable of blocks of mono 16 kHz PCM.

    Blocks are one-dimensional int16 arrays of any length. A source that fails raises an
    `AudioError`; it never just ends early.
    """

    def __iter__(self) -> Iterator[PcmBlock]:
        """Yield the blocks in order."""
        ...


class ArraySource:
    """Audio in memory.

    Parameters
    ----------
    pcm : (n_samples,) ndarray of int16
        Mono PCM at 16 kHz.
    block_samples : int
        Length of the blocks; the last one may be shorter.

    Raises
    ------
    TypeError, ValueError
        If `pcm` is not a one-dimensional int16 array, or the length is not positive.
    """

    def __init__(self, pcm: PcmBlock, *, block_samples: int = 1600) -> None:
        check_integer("block_samples", block_samples)
        if block_samples < 1:
            raise ValueError(f"block_samples must be at least 1, got {block_samples}")
        self._pcm = as_pcm(pcm)
        self._block_samples = block_samples

    def __iter__(self) -> Iterator[PcmBlock]:
        for begin in range(0, len(self._pcm), self._block_samples):
            yield self._pcm[begin : begin + self._block_samples]
