"""A stand-in for python-sounddevice: a module object whose microphone plays an array.

`install` puts it where `import sounddevice` finds it. A thread delivers the blocks, as in
PortAudio; the fields describe the device and its faults.
"""

from __future__ import annotations

import sys
import threading
import time
import types
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

MONITOR = (2, "Monitor of")


class PortAudioError(Exception):
    pass


@dataclass
class Status:
    input_overflow: bool = False
    output_underflow: bool = False


@dataclass
class Times:
    inputBufferAdcTime: float
    outputBufferDacTime: float


@dataclass
class FakeSoundDevice:
    pcm: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int16))
    monitor: np.ndarray | None = None  # what a second input records, at the same pace
    rates_hz: tuple[int, ...] = (16000,)
    has_device: bool = True
    fails_to_start: bool = False
    overflow_at_block: int | None = None
    ends: bool = True  # the device goes away after the audio; otherwise it falls silent
    all_at_once: bool = False  # deliver everything before start() returns
    fails_to_close: bool = False
    failing_openings: tuple[int, ...] = ()  # which openings fail, counted from 0
    clock: float = 1.0  # seconds of its clock in which it records one second's samples
    n_openings: int = 0
    latency_s: float = 0.05  # from a sample's recording to what is played at that moment
    echo: float = 0.0  # of what a duplex device plays, in its own microphone
    opened: list[dict] = field(default_factory=list)
    played: bytearray = field(default_factory=bytearray)
    closed: int = 0
    monitors: list[FakeMonitorStream] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
        module: Any = types.ModuleType("sounddevice")
        module.PortAudioError = PortAudioError
        module.query_devices = self.query_devices
        module.check_input_settings = self.check_input_settings
        module.RawInputStream = self.open_input
        module.RawStream = lambda **options: FakeDuplexStream(self, options)
        module.RawOutputStream = lambda **options: FakeOutputStream(self, options)
        monkeypatch.setitem(sys.modules, "sounddevice", module)
        return self

    def open_input(self, **options) -> FakeStream:
        if self.monitor is None:
            return FakeStream(self, options)
        if options["device"] in MONITOR:
            return FakeMonitorStream(self, options)
        return FakePairedStream(self, options)

    def query_devices(self, device=None, kind=None):
        microphone = {
            "name": "Fake USB microphone",
            "max_input_channels": 1,
            "default_samplerate": float(self.rates_hz[0]),
        }
        if kind is None:
            speaker = {"name": "Speaker", "max_input_channels": 0, "default_samplerate": 48000.0}
            monitor = {**microphone, "name": "Monitor of Speaker"}
            inputs = [microphone] if self.monitor is None else [microphone, monitor]
            return [speaker, *inputs] if self.has_device else [speaker]
        if not self.has_device:
            raise PortAudioError("Error querying device -1")
        if device not in (None, 1, "USB") and (self.monitor is None or device not in MONITOR):
            raise ValueError(f"No input device matching {device!r}")
        return microphone

    def check_input_settings(self, *, device, channels, dtype, samplerate) -> None:
        self.query_devices(device, "input")
        if samplerate not in self.rates_hz:
            raise PortAudioError("Invalid sample rate")


class FakeStream:
    def __init__(self, fake: FakeSoundDevice, options: dict) -> None:
        fake.n_openings += 1
        if fake.n_openings - 1 in fake.failing_openings:
            raise PortAudioError("Device unavailable")
        fake.check_input_settings(
            device=options["device"],
            channels=options["channels"],
            dtype=options["dtype"],
            samplerate=options["samplerate"],
        )
        fake.opened.append(options)
        self._fake = fake
        self._options = options
        self._thread = threading.Thread(target=self._deliver)
        self._closing = False

    def start(self) -> None:
        if self._fake.fails_to_start:
            raise PortAudioError("Device unavailable")
        self._thread.start()
        if self._fake.all_at_once:
            self._thread.join()

    def close(self) -> None:
        self._closing = True
        self._fake.closed += 1
        if self._thread.is_alive():
            self._thread.join()
        if self._fake.fails_to_close:
            raise PortAudioError("Unanticipated host error")

    def _deliver(self) -> None:
        size = self._options["blocksize"]
        for index, begin in enumerate(range(0, len(self._fake.pcm), size)):
            block = self._fake.pcm[begin : begin + size]
            status = Status(input_overflow=index == self._fake.overflow_at_block)
            at_s = begin / self._options["samplerate"] * self._fake.clock
            times = Times(at_s, at_s)
            self._options["callback"](block.tobytes(), len(block), times, status)
            if not self._fake.all_at_once:
                time.sleep(0.0005)
        if self._fake.ends:
            self._options["finished_callback"]()


class FakeMonitorStream(FakeStream):
    """A second input; the microphone's thread delivers its blocks."""

    def start(self) -> None:
        self._fake.monitors.append(self)
        self._n_delivered = 0

    def deliver_until(self, n_samples: int) -> None:
        size = self._options["blocksize"]
        while self._n_delivered + size <= n_samples:
            assert self._fake.monitor is not None
            block = self._fake.monitor[self._n_delivered : self._n_delivered + size]
            at_s = self._n_delivered / self._options["samplerate"]
            self._options["callback"](block.tobytes(), size, Times(at_s, at_s), Status())
            self._n_delivered += size


class FakePairedStream(FakeStream):
    """A microphone beside a monitor: time stands still while the consumer has blocks."""

    def _deliver(self) -> None:
        size = self._options["blocksize"]
        callback = self._options["callback"]
        waiting = callback.args[0]
        for index, begin in enumerate(range(0, len(self._fake.pcm), size)):
            block = self._fake.pcm[begin : begin + size]
            status = Status(input_overflow=index == self._fake.overflow_at_block)
            for monitor in self._fake.monitors:
                monitor.deliver_until(begin + len(block))
            at_s = begin / self._options["samplerate"]
            callback(block.tobytes(), len(block), Times(at_s, at_s), status)
            while len(waiting) > 1 and not self._closing:
                time.sleep(0.0005)
            if self._closing:
                return
        for monitor in self._fake.monitors:
            monitor.deliver_until(len(monitor._fake.monitor))
        if self._fake.ends:
            self._options["finished_callback"]()


class FakeDuplexStream(FakeStream):
    """Waits for each block to be taken, so that nothing is lost however slow the machine is."""

    def _deliver(self) -> None:
        size = self._options["blocksize"]
        callback = self._options["callback"]
        waiting = callback.__self__._queue
        for begin in range(0, len(self._fake.pcm), size):
            while len(waiting) > 1 and not self._closing:
                time.sleep(0.0005)
            if self._closing:
                return
            block = self._with_echo(self._fake.pcm[begin : begin + size], begin)
            out = bytearray(2 * len(block))
            at_s = begin / self._options["samplerate"]
            times = Times(at_s, at_s + self._fake.latency_s)
            callback(block.tobytes(), memoryview(out), len(block), times, Status())
            self._fake.played += out
            time.sleep(0.002)  # ten times as fast as sound
        if self._fake.ends:
            self._options["finished_callback"]()

    def _with_echo(self, block: np.ndarray, begin: int) -> np.ndarray:
        if not self._fake.echo:
            return block
        played = np.frombuffer(bytes(self._fake.played), np.int16)
        late = begin - round(self._fake.latency_s * self._options["samplerate"])
        heard = played[max(0, late) : max(0, late + len(block))]
        echo = np.zeros(len(block))
        echo[len(block) - len(heard) :] = self._fake.echo * heard
        return block + np.rint(echo).astype(np.int16)


class FakeOutputStream:
    def __init__(self, fake: FakeSoundDevice, options: dict) -> None:
        fake.opened.append(options)
        self._fake = fake

    def start(self) -> None:
        pass

    def write(self, data: bytes) -> None:
        self._fake.played += data

    def stop(self) -> None:
        pass

    def close(self) -> None:
        self._fake.closed += 1
