"""`AudioHistory`: recent audio of a stream, by absolute sample index."""

from __future__ import annotations

import numpy as np

from pywakeword.audio.pcm import INT16
from pywakeword.audio.source import PcmBlock

_LEAST_SPARE_SAMPLES = 8000


class AudioHistory:
    """Keeps the newest samples of a stream, addressed by their index in the stream.

    The index counts the samples appended since `reset`. One thread at a time.

    Parameters
    ----------
    keep_samples : int
        How many of the newest samples are kept.
    """

    def __init__(self, keep_samples: int) -> None:
        if keep_samples < 1:
            raise ValueError(f"keep_samples must be at least 1, got {keep_samples}")
        self._keep = keep_samples
        self.reset()

    def reset(self) -> None:
        """Forget all audio and count samples from 0 again."""
        self._buffer = np.zeros(_with_room(self._keep), INT16)
        self._buffer_begin = 0  # index in the stream of the buffer's first sample
        self._begin = self._end = 0
        self._held: int | None = None

    @property
    def begin(self) -> int:
        """Index of the oldest sample that is kept."""
        return self._begin

    @property
    def end(self) -> int:
        """Index of the next sample to come: the number of samples appended."""
        return self._end

    @property
    def nbytes(self) -> int:
        """Bytes of the buffer."""
        return self._buffer.nbytes

    def hold(self, begin: int | None) -> None:
        """Keep everything from this sample on, however old it gets; None ends that."""
        self._held = begin

    def append(self, pcm: PcmBlock) -> None:
        """Add the next samples of the stream."""
        end = self._end + len(pcm)
        oldest = end - self._keep
        if self._held is not None:
            oldest = min(oldest, self._held)
        begin = max(self._begin, oldest)
        if end - self._buffer_begin > len(self._buffer):
            self._make_room(begin, end)
        at = max(self._end, begin)  # what comes before is too old already
        self._buffer[at - self._buffer_begin : end - self._buffer_begin] = pcm[at - self._end :]
        self._begin, self._end = begin, end

    def cut(self, begin: int, end: int) -> tuple[int, PcmBlock]:
        """Return a copy of what is kept of [begin, end), and the index where it begins."""
        begin, end = max(begin, self._begin), min(end, self._end)
        if end <= begin:
            return begin, np.zeros(0, INT16)
        return begin, self._buffer[begin - self._buffer_begin : end - self._buffer_begin].copy()

    def _make_room(self, begin: int, end: int) -> None:
        """Move the samples from `begin` on to the front of a buffer with room up to `end`."""
        _, kept = self.cut(begin, self._end)
        size = _with_room(max(self._keep, end - begin))
        if size != len(self._buffer):
            self._buffer = np.zeros(size, INT16)
        self._buffer[: len(kept)] = kept
        self._buffer_begin = begin


def _with_room(n_samples: int) -> int:
    # With spare room, the kept samples rarely move to the front.
    return n_samples + max(n_samples // 4, _LEAST_SPARE_SAMPLES)
