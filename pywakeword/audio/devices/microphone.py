"""`MicrophoneSource`: live audio through PortAudio."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pywakeword._checks import check_number
from pywakeword.audio.devices.queue import DeviceQueue
from pywakeword.audio.devices.rate_check import RateCheck
from pywakeword.audio.devices.stream import PortAudioStream, Status, Times
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.audio.source import PcmBlock
from pywakeword.errors import AudioDeviceError

if TYPE_CHECKING:
    from typing_extensions import Buffer, TypeAlias


_LONGEST_S = 3600
# Samples, and when their recording began if that is known.
_Queue: TypeAlias = "DeviceQueue[tuple[bytes, float | None]]"


class MicrophoneSource(PortAudioStream):
    """Blocks from a microphone; opened with `with`.

    Audio is lost when the queue is full, or when PortAudio drops it; `overruns` counts each
    loss. A device that disappears, gives no audio or changes its rate ends the iteration
    with an `AudioDeviceError`, unless it can be opened again within `reopen_s`;
    `reopenings` counts that, and the audio meanwhile is lost. Needs the extra `mic`.

    Parameters
    ----------
    device : int or str, optional
        Index or part of the name; the default input if left out.
    block_s : float
        Length of the blocks in seconds.
    queue_s : float
        Longest audio that waits for a slow consumer, in seconds.
    timeout_s : float
        A device that gives no audio for this time counts as lost.
    reopen_s : float
        How long to try to open a lost device again, at the rate that it has then; 0 does
        not try.

    Raises
    ------
    MissingExtraError
        If sounddevice is not installed.
    AudioDeviceError
        If the PortAudio library or the device is missing, or the device cannot be opened;
        on iteration, if the device is lost. The message gives the cause.
    ValueError
        If an option is out of range.
    """

    _RETRY_S = 0.25

    def __init__(
        self,
        device: int | str | None = None,
        *,
        block_s: float = 0.08,
        queue_s: float = 4.0,
        timeout_s: float = 2.0,
        reopen_s: float = 0.0,
    ) -> None:
        positive = {"block_s": block_s, "queue_s": queue_s, "timeout_s": timeout_s}
        for name, value in {**positive, "reopen_s": reopen_s}.items():
            check_number(name, value)
        if device is not None and (isinstance(device, bool) or not isinstance(device, (int, str))):
            raise TypeError(f"device must be an index or a name, got {device!r}")
        for name, value in positive.items():
            if not 0 < value <= _LONGEST_S:
                raise ValueError(f"{name} must be above 0 and at most {_LONGEST_S}, got {value!r}")
        if not 0 <= reopen_s <= _LONGEST_S:
            raise ValueError(f"reopen_s must be from 0 to {_LONGEST_S}, got {reopen_s!r}")
        super().__init__("the default microphone" if device is None else f"microphone {device!r}")
        self._device = device
        self._block_s = block_s
        self._queue_blocks = round(queue_s / block_s)
        self._timeout_s = timeout_s
        self._reopen_s = reopen_s
        self._reopenings = 0
        self._open_microphone()

    @property
    def reopenings(self) -> int:
        """Times that the device was lost and opened again."""
        return self._reopenings

    @property
    def waiting_samples(self) -> int:
        """Samples that wait for the consumer, at 16 kHz."""
        return round(len(self._queue) * self._block_s * SAMPLE_RATE_HZ)

    def __iter__(self) -> Iterator[PcmBlock]:
        while True:
            try:
                block = self._next_block()
            except AudioDeviceError as error:
                self._reopen(error)
                continue
            if self._resampler is not None:
                block = self._resampler.process_int16(block)
            yield block

    def _open_microphone(self) -> None:
        # One queue per opening: an old stream may still call back.
        blocks: _Queue = DeviceQueue(self._queue_blocks, self._timeout_s, self._name)
        with self._errors("open"):
            rate_hz = self._choose_rate()
            self._resampler = None if rate_hz == SAMPLE_RATE_HZ else Resampler(rate_hz)
        self._open(
            "RawInputStream",
            self._device,
            rate_hz,
            blocksize=max(1, round(self._block_s * rate_hz)),
            callback=partial(self._on_block, blocks),
            finished_callback=blocks.end,
        )
        self._rate_check = RateCheck(rate_hz)
        self._lost_before = False
        self._queue = blocks

    def _next_block(self) -> PcmBlock:
        data, begin_s = self._queue.take()
        block = np.frombuffer(data, dtype=np.int16)
        rate_hz = self._rate_check.measure(len(block), begin_s)
        if rate_hz is not None:
            raise AudioDeviceError(f"{self._name} changed its rate to about {rate_hz:.0f} Hz")
        return block

    def _reopen(self, cause: AudioDeviceError) -> None:
        if not self._reopen_s:
            raise cause
        deadline_s = time.monotonic() + self._reopen_s
        with contextlib.suppress(AudioDeviceError):
            self.close()
        while time.monotonic() < deadline_s:
            try:
                self._open_microphone()
                self._start()
            except AudioDeviceError:
                time.sleep(self._RETRY_S)
            else:
                self._reopenings += 1
                return
        raise cause

    def _choose_rate(self) -> int:
        # Many USB microphones record only at 44.1 or 48 kHz.
        try:
            self._sounddevice.check_input_settings(
                device=self._device, channels=1, dtype="int16", samplerate=SAMPLE_RATE_HZ
            )
        except self._sounddevice.PortAudioError:
            return int(self._sounddevice.query_devices(self._device, "input")["default_samplerate"])
        return SAMPLE_RATE_HZ

    def _on_block(
        self, to: _Queue, data: Buffer, n_samples: int, times: Times, status: Status
    ) -> None:
        # Runs in PortAudio's thread: it must neither wait nor raise.
        lost = self._lost_before
        self._lost_before = False
        if status.input_overflow:
            self._overruns += 1
            lost = True
        if not to.put((bytes(data), None if lost else times.inputBufferAdcTime)):
            self._overruns += 1
            self._lost_before = True
