"""Live audio through PortAudio (python-sounddevice)."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from pywakeword._extras import require
from pywakeword.audio.resample import Resampler
from pywakeword.audio.source import SAMPLE_RATE_HZ, PcmBlock
from pywakeword.errors import AudioDeviceError


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
    drop, is lost; `overruns` counts each such event. Needs the extra `mic`.

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

    Raises
    ------
    MissingExtraError
        If sounddevice is not installed.
    AudioDeviceError
        If the PortAudio library or the device is missing, or it cannot be
        opened; on iteration, if the device goes away.
    """

    def __init__(
        self,
        device: int | str | None = None,
        *,
        block_s: float = 0.08,
        queue_s: float = 4.0,
        timeout_s: float = 2.0,
    ) -> None:
        self._sounddevice = import_sounddevice()
        self._timeout_s = timeout_s
        self._overruns = 0
        self._queue: queue.Queue[bytes | None] = queue.Queue(max(1, round(queue_s / block_s)))
        self._name = "the default microphone" if device is None else f"microphone {device!r}"
        try:
            rate_hz = self._choose_rate(device)
            self._resampler = None if rate_hz == SAMPLE_RATE_HZ else Resampler(rate_hz)
            self._stream = self._sounddevice.RawInputStream(
                samplerate=rate_hz,
                blocksize=max(1, round(block_s * rate_hz)),
                device=device,
                channels=1,
                dtype="int16",
                callback=self._on_block,
                finished_callback=self._on_finished,
            )
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise AudioDeviceError(f"cannot open {self._name}: {error}") from error

    @property
    def overruns(self) -> int:
        """Times that audio was lost since the microphone was opened."""
        return self._overruns

    def close(self) -> None:
        """Stop recording and release the device."""
        self._stream.close()

    def __enter__(self) -> MicrophoneSource:
        try:
            self._stream.start()
        except self._sounddevice.PortAudioError as error:
            self.close()
            raise AudioDeviceError(f"cannot start {self._name}: {error}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[PcmBlock]:
        while True:
            try:
                data = self._queue.get(timeout=self._timeout_s)
            except queue.Empty:
                raise AudioDeviceError(
                    f"{self._name} gave no audio for {self._timeout_s:g} s: is it still there?"
                ) from None
            if data is None:
                raise AudioDeviceError(f"{self._name} stopped: the device is gone")
            block = np.frombuffer(data, dtype=np.int16)
            if self._resampler is not None:
                block = self._resampler.process_int16(block)
            yield block

    def _choose_rate(self, device: int | str | None) -> int:
        # Many USB microphones record at 44.1 or 48 kHz only.
        try:
            self._sounddevice.check_input_settings(
                device=device, channels=1, dtype="int16", samplerate=SAMPLE_RATE_HZ
            )
        except self._sounddevice.PortAudioError:
            return int(self._sounddevice.query_devices(device, "input")["default_samplerate"])
        return SAMPLE_RATE_HZ

    def _on_block(self, data: Any, n_samples: int, time: Any, status: Any) -> None:
        # Runs in PortAudio's thread: it must neither wait nor raise.
        if status.input_overflow:
            self._overruns += 1
        try:
            self._queue.put_nowait(bytes(data))
        except queue.Full:
            self._overruns += 1

    def _on_finished(self) -> None:
        # If the queue is full, the consumer meets the timeout instead.
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)


def import_sounddevice() -> Any:
    """Import sounddevice; the errors say what to install."""
    try:
        return require("sounddevice", "mic")
    except OSError as error:
        raise AudioDeviceError(
            f"{error}; install it, on Debian and Raspberry Pi OS: apt install libportaudio2"
        ) from error
