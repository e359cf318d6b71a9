"""The two kinds of blocks: on whole tensors, and on streams of frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.errors import BlockError, StreamError

Tensors = Mapping[str, npt.NDArray[Any]]
Frames = npt.NDArray[np.float32]


class SequenceBlock(ABC):
    """A block from tensors to tensors, for a whole sequence at once.

    Attributes
    ----------
    inputs, outputs : tuple of str
        Names of the tensors that `run` takes and returns.
    optional_inputs : tuple of str
        Names of further tensors that it uses if they exist.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    optional_inputs: tuple[str, ...] = ()

    @abstractmethod
    def run(self, tensors: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Return the tensors named by `outputs`; `tensors` may hold more than `inputs`."""


class StreamableBlock(ABC):
    """A block that produces frames on demand.

    Its inputs are the frames of another streamable block, its upstream, and tensors of a
    sequence block, or one of the two. The state of an utterance is in the stream from `open`,
    so one block can serve several utterances at once.

    Attributes
    ----------
    sequence_inputs : tuple of str
        Names of the tensors that `open` takes.
    optional_inputs : tuple of str
        Names of further tensors that it uses if they exist.
    """

    sequence_inputs: tuple[str, ...] = ()
    optional_inputs: tuple[str, ...] = ()

    @abstractmethod
    def link(self, upstream_width: int | None) -> int:
        """Return the width of this block's frames.

        Called once, when blocks are connected.

        Parameters
        ----------
        upstream_width : int or None
            Width of the upstream's frames, None without an upstream.

        Raises
        ------
        ValueError
            If the block cannot use this upstream.
        """

    @abstractmethod
    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Start one utterance."""


class FrameStream(ABC):
    """The frames of one utterance; a context manager that closes itself and its upstream.

    A subclass produces pieces of any size, and `pull` divides them as requested. So the frames
    never depend on how they are pulled.

    Parameters
    ----------
    width : int
        Values per frame.
    upstream : FrameStream, optional
        Closed together with this stream.
    """

    def __init__(self, width: int, upstream: FrameStream | None = None) -> None:
        self.width = width
        self.upstream = upstream
        self._ready = np.empty((0, width), np.float32)
        self._ended = False
        self._closed = False

    @abstractmethod
    def produce(self) -> Frames | None:
        """Return the next frames, (n_frames, width), possibly empty; None at the end."""

    def pull(self, n_frames: int) -> Frames:
        """Return the next frames.

        Returns
        -------
        (n, width) ndarray of float32
            `n_frames` frames, fewer at the end of the stream, none after it.

        Raises
        ------
        StreamError
            If the stream is closed.
        BlockError
            If a block produced anything but frames of its width.
        """
        if n_frames < 1:
            raise ValueError(f"n_frames must be positive, got {n_frames}")
        if self._closed:
            raise StreamError("the stream is closed")
        pieces = [self._ready]
        n_ready = len(self._ready)
        while n_ready < n_frames and not self._ended:
            piece = self.produce()
            if piece is None:
                self._ended = True
            elif piece.ndim != 2 or piece.shape[1] != self.width or piece.dtype != np.float32:
                raise BlockError(
                    f"{type(self).__name__} made {piece.dtype} of shape {piece.shape}, "
                    f"not float32 frames of width {self.width}"
                )
            else:
                pieces.append(piece)
                n_ready += len(piece)
        frames = np.concatenate(pieces)
        self._ready = frames[n_frames:]
        return frames[:n_frames]

    def close(self) -> None:
        """Discard the remaining frames; may be called twice."""
        if not self._closed:
            self._closed = True
            self._ready = self._ready[:0]
            if self.upstream is not None:
                self.upstream.close()

    def __enter__(self) -> FrameStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def need_upstream(upstream: FrameStream | None) -> FrameStream:
    """Return the upstream of a block whose `link` requires one."""
    if upstream is None:
        raise BlockError("a block that pulls frames was opened without an upstream")
    return upstream
