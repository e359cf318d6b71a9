"""The block `Upsampler`: from one row per symbol to one row per frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._fields import Fields
from pywakeword.errors import BlockError
from pywakeword.tts.blocks.base import Frames, FrameStream, StreamableBlock, Tensors
from pywakeword.tts.blocks.resources import Resources

POSITION_WIDTH = 3
_PIECE_FRAMES = 64


class Upsampler(StreamableBlock):
    """Repeats the encoding of each symbol over its frames, and appends the frame's position.

    Parameters
    ----------
    encoded_width : int
        Width of the tensor `encoded`.
    stretch : float
        Factor on all durations; 2 is half the speed.
    """

    sequence_inputs = ("encoded", "durations")

    def __init__(self, encoded_width: int, *, stretch: float = 1.0) -> None:
        if not 0.1 <= stretch <= 10:
            raise ValueError(f"stretch must be from 0.1 to 10, got {stretch}")
        self.width = encoded_width + POSITION_WIDTH
        self.stretch = stretch

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> Upsampler:
        """Get the width from the network that makes `encoded`."""
        width = resources.output_width("encoded", fields.path)
        return cls(width, stretch=fields.number("stretch", 1.0))

    def link(self, upstream_width: int | None) -> int:
        """Refuse an upstream: the block begins a stream."""
        if upstream_width is not None:
            raise ValueError("an Upsampler pulls from no other block; it must come first")
        return self.width

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Start with the first symbol."""
        encoded, durations = (tensors[name] for name in self.sequence_inputs)
        if durations.ndim != 1 or len(durations) != len(encoded):
            raise BlockError(f"{len(encoded)} encodings, durations of shape {durations.shape}")
        if len(durations) and durations.min() < 0:
            raise BlockError("a duration is negative")
        return _UpsamplerStream(self.width, encoded, whole_frames(durations, self.stretch))


class _UpsamplerStream(FrameStream):
    def __init__(
        self, width: int, encoded: npt.NDArray[Any], durations: npt.NDArray[np.int64]
    ) -> None:
        super().__init__(width)
        self._encoded = encoded
        self._durations = durations
        self._n_frames = int(durations.sum())
        self._done = 0

    def produce(self) -> Frames | None:
        start, stop = self._done, min(self._done + _PIECE_FRAMES, self._n_frames)
        if start == stop:
            return None
        self._done = stop
        index, positions = frame_positions(self._durations, start, stop)
        return np.concatenate([self._encoded[index], positions], axis=1).astype(np.float32)


def whole_frames(durations: npt.NDArray[Any], stretch: float) -> npt.NDArray[np.int64]:
    """Round durations without accumulating rounding errors."""
    ends = np.round(np.cumsum(durations.astype(np.float64) * stretch)).astype(np.int64)
    return np.diff(ends, prepend=0)


def frame_positions(
    durations: npt.NDArray[np.int64], start: int, stop: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return the symbol of each frame from start to stop, and the frame's position in it.

    Columns of the position, (n_frames, POSITION_WIDTH): part of the symbol done, frames done and
    frames left, the latter two in tenths.
    """
    ends = np.cumsum(durations)
    frames = np.arange(start, stop)
    index = np.searchsorted(ends, frames, side="right")
    length = durations[index].astype(np.float32)
    done = (frames - (ends - durations)[index]).astype(np.float32) + np.float32(0.5)
    position = np.stack([done / length, 0.1 * done, 0.1 * (length - done)], axis=1)
    return index, position.astype(np.float32)
