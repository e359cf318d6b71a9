"""`FrameBatcher`: groups frames into batches for a recogniser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from pywakeword._checks import NotCopied, check_number, check_type

BatchReason = Literal["full", "pause", "deadline", "close"]
BATCH_REASONS: tuple[str, ...] = get_args(BatchReason)


@dataclass(frozen=True, eq=False)
class FrameBatch:
    """Consecutive frames, and why they were sent.

    Attributes
    ----------
    frames : (n_frames, ...) ndarray
        The frames, oldest first.
    first_frame : int
        Index of the first frame in the stream, including skipped frames.
    reason : {"full", "pause", "deadline", "close"}
        Why the batch was sent.
    """

    frames: npt.NDArray[Any]
    first_frame: int
    reason: BatchReason

    @property
    def right_context(self) -> npt.NDArray[np.int64]:
        """Look-ahead: the number of later frames in the batch, per frame."""
        return np.arange(len(self.frames) - 1, -1, -1)


class FrameBatcher(NotCopied):
    """Collects frames and returns them in batches.

    A large batch costs less per frame and gives its frames more look-ahead, but it delays
    the answer at the end of an utterance. So a batch is sent when it is full, when a pause
    may be the end of the utterance, when its oldest frame has waited `max_wait_ms`, and at
    the close. Time is counted in frames, so the batches do not depend on how the input is
    cut into calls.

    Parameters
    ----------
    max_frames : int
        Frames of a full batch.
    flush_pause_ms : float
        Length of a pause after speech at which the collected frames are sent, once per pause.
    max_wait_ms : float
        Longest wait of a frame.
    frame_ms : float
        Time from one frame to the next.

    Raises
    ------
    TypeError
        If an option is not a number.
    ValueError
        If an option is not positive and finite.
    """

    def __init__(
        self,
        max_frames: int,
        flush_pause_ms: float = 200.0,
        max_wait_ms: float = 500.0,
        *,
        frame_ms: float = 10.0,
    ) -> None:
        if isinstance(max_frames, bool) or not isinstance(max_frames, int):
            raise TypeError(f"max_frames must be an int, got {max_frames!r}")
        if max_frames < 1:
            raise ValueError(f"max_frames must be at least 1, got {max_frames}")
        options = {
            "flush_pause_ms": flush_pause_ms,
            "max_wait_ms": max_wait_ms,
            "frame_ms": frame_ms,
        }
        for name, value in options.items():
            check_number(name, value)
            if not 0 < value < float("inf"):
                raise ValueError(f"{name} must be positive and finite, got {value!r}")
        self._max_frames = max_frames
        self._flush_pause_frames = max(1, round(flush_pause_ms / frame_ms))
        self._max_wait_frames = max(1, round(max_wait_ms / frame_ms))
        self.reset()

    def reset(self) -> None:
        """Start a new stream: drop the collected frames, count frames from 0 again."""
        self._gathered: list[npt.NDArray[Any]] = []
        self._first_frame = 0
        self._next_frame = 0
        self._pause_frames = 0
        self._pause_counts = False  # there was speech since the last flush by a pause
        self._closed = False

    def push(self, frames: npt.NDArray[Any], is_speech: npt.NDArray[np.bool_]) -> list[FrameBatch]:
        """Take frames and return the batches that are due.

        Parameters
        ----------
        frames : (n_frames, ...) ndarray
            The next frames of the stream. They are copied.
        is_speech : (n_frames,) ndarray of bool
            Whether each is speech.

        Returns
        -------
        list of FrameBatch
            Often empty.

        Raises
        ------
        TypeError
            If `is_speech` is not a bool array.
        ValueError
            If the lengths differ, the shape of a frame changes, or the stream
            was closed.
        """
        check_type("frames", frames, np.ndarray)
        check_type("is_speech", is_speech, np.ndarray)
        frames, speech = np.array(frames), is_speech
        if speech.dtype != np.bool_:
            raise TypeError(f"is_speech must be an array of bool, got {speech.dtype}")
        if frames.ndim < 1 or speech.shape != frames.shape[:1]:
            raise ValueError(
                f"frames and is_speech differ in length: shapes {frames.shape}, {speech.shape}"
            )
        self._check_open()
        if len(frames) and self._gathered and frames.shape[1:] != self._gathered[0].shape:
            raise ValueError(
                f"frames have the shape {frames.shape[1:]}, "
                f"those before them {self._gathered[0].shape}"
            )
        batches = []
        for frame, spoken in zip(frames, speech):
            if not self._gathered:
                self._first_frame = self._next_frame
            self._gathered.append(frame)
            batches += self._step(bool(spoken))
        return batches

    def skip(self, n_frames: int) -> list[FrameBatch]:
        """Skip frames that need not be sent, such as silence.

        Batches are consecutive, so the collected frames are returned now, as a "pause".

        Parameters
        ----------
        n_frames : int
            How many frames of the stream are skipped.

        Returns
        -------
        list of FrameBatch
            At most one.
        """
        if isinstance(n_frames, bool) or not isinstance(n_frames, int) or n_frames < 0:
            raise ValueError(f"n_frames must be a non-negative int, got {n_frames!r}")
        self._check_open()
        if n_frames == 0:
            return []
        batches = self._flush("pause")
        self._next_frame += n_frames
        self._pause_frames += n_frames
        self._pause_counts = False
        return batches

    def close(self) -> list[FrameBatch]:
        """Return the remaining frames; the stream is over until `reset`."""
        self._check_open()
        self._closed = True
        return self._flush("close")

    def _step(self, spoken: bool) -> list[FrameBatch]:
        self._next_frame += 1
        self._pause_frames = 0 if spoken else self._pause_frames + 1
        self._pause_counts = self._pause_counts or spoken
        if self._pause_counts and self._pause_frames >= self._flush_pause_frames:
            self._pause_counts = False
            return self._flush("pause")
        if len(self._gathered) >= self._max_frames:
            return self._flush("full")
        if self._next_frame - self._first_frame >= self._max_wait_frames:
            return self._flush("deadline")
        return []

    def _flush(self, reason: BatchReason) -> list[FrameBatch]:
        if not self._gathered:
            return []
        batch = FrameBatch(np.stack(self._gathered), self._first_frame, reason)
        self._gathered = []
        return [batch]

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("the batcher is closed; reset it to start a new stream")
