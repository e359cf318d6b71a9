"""Live audio through PortAudio (python-sounddevice)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from pywakeword._extras import require
from pywakeword.audio.device_queue import DeviceQueue
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.rate_check import RateCheck
from pywakeword.audio.resample import Resampler
from pywakeword.audio.source import PcmBlock
from pywakeword.errors import AudioDeviceError

if TYPE_CHECKING:
    from typing_extensions import TypeAlias


_LONGEST_S = 3600
# Samples, and when they began to be recorded if that is known.
_Queue: TypeAlias = "DeviceQueue[tuple[bytes, float | None]]"


@dataclass(frozen=True)
class InputDevice:
    """A device that can record; `index` or `name` selects it."""

    index: int
    name: str
    n_channels: int
    sample_rate_hz: float


def input_devices() -> tuple[InputDevice, ...]:
    """Return the devices that can record.

    Raises
    ------
    MissingExtraError
        If sounddevice is not installed.
    AudioDeviceError
        If the PortAudio library is missing or fails.
    """
    sounddevice = import_sounddevice()
    try:
        devices = sounddevice.query_devices()
    except sounddevice.PortAudioError as error:
        raise AudioDeviceError(f"PortAudio cannot list the devices: {error}") from error
    return tuple(
        InputDevice(
            index=index,
            name=device["name"],
            n_channels=device["max_input_channels"],
            sample_rate_hz=device["default_samplerate"],
        )
        for index, device in enumerate(devices)
        if device["max_input_channels"] > 0
    )


class MicrophoneSource:
    """Blocks from a microphone; open it with `with`.

    Audio that arrives while the queue is full, or that PortAudio itself had to
    drop, is lost; `overruns` counts each such event. A device that goes away, falls
    silent or changes its rate ends the iteration with an `AudioDeviceError`, unless it
    can be opened anew within `reopen_s`; `reopenings` counts how often it was, and
    what was said meanwhile is lost. Needs the extra `mic`.

    Parameters
    ----------
    device : int or str, optional
        Index or part of the name, as PortAudio selects; the default input if
        left out.
    block_s : float
        Length of the blocks in seconds.
    queue_s : float
        Audio that is kept for a consumer that falls behind, in seconds.
    timeout_s : float
        A device that gives nothing for so long is taken to be gone.
    reopen_s : float
        How long to try to open a device anew that was lost, at the rate that it then
        has; 0 gives up at once.

    Raises
    ------
    MissingExtraError
        If sounddevice is not installed.
    AudioDeviceError
        If the PortAudio library or the device is missing, or it cannot be
        opened; on iteration, if it is lost for good. The message says how.
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
        for name, value in positive.items():
            if not 0 < value <= _LONGEST_S:
                raise ValueError(f"{name} must be above 0 and at most {_LONGEST_S}, got {value!r}")
        if not 0 <= reopen_s <= _LONGEST_S:
            raise ValueError(f"reopen_s must be from 0 to {_LONGEST_S}, got {reopen_s!r}")
        self._sounddevice = import_sounddevice()
        self._device = device
        self._block_s = block_s
        self._queue_blocks = round(queue_s / block_s)
        self._timeout_s = timeout_s
        self._reopen_s = reopen_s
        self._overruns = 0
        self._reopenings = 0
        self._name = "the default microphone" if device is None else f"microphone {device!r}"
        self._open()

    def _open(self) -> None:
        # Each opening has a queue of its own: an old stream may yet call back.
        blocks: _Queue = DeviceQueue(self._queue_blocks, self._timeout_s, self._name)
        try:
            rate_hz = self._choose_rate(self._device)
            self._resampler = None if rate_hz == SAMPLE_RATE_HZ else Resampler(rate_hz)
            self._stream = self._sounddevice.RawInputStream(
                samplerate=rate_hz,
                blocksize=max(1, round(self._block_s * rate_hz)),
                device=self._device,
                channels=1,
                dtype="int16",
                callback=partial(self._on_block, blocks),
                finished_callback=blocks.end,
            )
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise AudioDeviceError(f"cannot open {self._name}: {error}") from error
        self._rate_check = RateCheck(rate_hz)
        self._lost_before = False
        self._queue = blocks

    @property
    def overruns(self) -> int:
        """Times that audio was lost since the microphone was opened."""
        return self._overruns

    @property
    def reopenings(self) -> int:
        """Times that the device was lost and opened anew."""
        return self._reopenings

    def close(self) -> None:
        """Stop recording and release the device."""
        try:
            self._stream.close()
        except self._sounddevice.PortAudioError as error:
            raise AudioDeviceError(f"cannot close {self._name}: {error}") from error

    def _start(self) -> None:
        try:
            self._stream.start()
        except self._sounddevice.PortAudioError as error:
            with contextlib.suppress(AudioDeviceError):
                self.close()
            raise AudioDeviceError(f"cannot start {self._name}: {error}") from error

    def __enter__(self) -> MicrophoneSource:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A device that is gone cannot be closed either: what came first is the cause.
        with contextlib.suppress(AudioDeviceError) if error else contextlib.nullcontext():
            self.close()

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
                self._open()
                self._start()
            except AudioDeviceError:
                time.sleep(self._RETRY_S)
            else:
                self._reopenings += 1
                return
        raise cause

    def _choose_rate(self, device: int | str | None) -> int:
        # Many USB microphones record at 44.1 or 48 kHz only.
        try:
            self._sounddevice.check_input_settings(
                device=device, channels=1, dtype="int16", samplerate=SAMPLE_RATE_HZ
            )
        except self._sounddevice.PortAudioError:
            return int(self._sounddevice.query_devices(device, "input")["default_samplerate"])
        return SAMPLE_RATE_HZ

    def _on_block(self, to: _Queue, data: Any, n_samples: int, times: Any, status: Any) -> None:
        # Runs in PortAudio's thread: it must neither wait nor raise.
        lost = self._lost_before
        self._lost_before = False
        if status.input_overflow:
            self._overruns += 1
            lost = True
        if not to.put((bytes(data), None if lost else times.inputBufferAdcTime)):
            self._overruns += 1
            self._lost_before = True


def import_sounddevice() -> Any:
    """Import sounddevice; the errors say what to install."""
    try:
        return require("sounddevice", "mic")
    except OSError as error:
        raise AudioDeviceError(
            f"{error}; install it, on Debian and Raspberry Pi OS: apt install libportaudio2"
        ) from error
