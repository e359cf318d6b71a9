"""Between PortAudio's thread, which must not wait, and the one that takes the audio."""

from __future__ import annotations

import contextlib
import queue
from typing import Generic, TypeVar

from pywakeword.errors import AudioDeviceError

Block = TypeVar("Block")


class DeviceQueue(Generic[Block]):
    """Blocks of one opening of a device, in order; as many as fit.

    Parameters
    ----------
    n_blocks : int
        How many are kept for a consumer that falls behind.
    timeout_s : float
        A device that gives nothing for so long is taken to be gone.
    name : str
        Of the device, for the errors.
    """

    def __init__(self, n_blocks: int, timeout_s: float, name: str) -> None:
        self._queue: queue.Queue[Block | None] = queue.Queue(max(1, n_blocks))
        self._timeout_s = timeout_s
        self._name = name

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, block: Block) -> bool:
        """Add a block without waiting; False if there is no room, and it is lost."""
        try:
            self._queue.put_nowait(block)
        except queue.Full:
            return False
        return True

    def end(self) -> None:
        """Say that the device gives no more: PortAudio's `finished_callback`."""
        # If the queue is full, the consumer meets the timeout instead.
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)

    def take(self) -> Block:
        """Return the next block.

        Raises
        ------
        AudioDeviceError
            If the device stopped, or gave nothing for too long.
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
