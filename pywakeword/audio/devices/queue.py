"""`DeviceQueue`: from PortAudio's thread, which must not wait, to the consumer's."""

from __future__ import annotations

import contextlib
import queue
from typing import Generic, TypeVar

from pywakeword.errors import AudioDeviceError

Block = TypeVar("Block")


class DeviceQueue(Generic[Block]):
    """A bounded queue of blocks, one per opening of a device.

    Parameters
    ----------
    n_blocks : int
        How many blocks may wait for the consumer.
    timeout_s : float
        A device that gives no audio for this time counts as lost.
    name : str
        Name of the device in the errors.
    """

    def __init__(self, n_blocks: int, timeout_s: float, name: str) -> None:
        self._queue: queue.Queue[Block | None] = queue.Queue(max(1, n_blocks))
        self._timeout_s = timeout_s
        self._name = name

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, block: Block) -> bool:
        """Add a block without waiting; return False if the queue is full and the block lost."""
        try:
            self._queue.put_nowait(block)
        except queue.Full:
            return False
        return True

    def end(self) -> None:
        """Mark the end of the audio; PortAudio's `finished_callback`."""
        # If the queue is full, the consumer runs into the timeout instead.
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)

    def take(self) -> Block:
        """Return the next block.

        Raises
        ------
        AudioDeviceError
            If the device stopped, or gave no audio within the timeout.
        """
        try:
            block = self._queue.get(timeout=self._timeout_s)
        except queue.Empty:
            raise AudioDeviceError(
                f"{self._name} gave no audio for {self._timeout_s:g} s: is it still there?"
            ) from None
        if block is None:
            raise AudioDeviceError(f"{self._name} stopped: the device is gone")
        return block
