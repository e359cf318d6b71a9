"""Two inputs with clocks of their own, in a world where time moves when somebody waits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import pytest
from helpers.sounds import RATE, Pcm, echo_of, floor

from pywakeword import AudioDeviceError, EchoCanceller
from pywakeword.audio import EchoCancelledDevices
from pywakeword.audio.pcm import Pcm as AnyPcm
from pywakeword.audio.pcm import as_pcm

LEAD = round(0.06 * RATE)


class World:
    now = 0.0  # in samples


class Input:
    """Records what `at` gives for each moment; its clock begins at `begin`."""

    overruns = 0

    def __init__(
        self, world: World, sound: Pcm, block: int, *, begin: float = 0, clock: float = 1.0
    ) -> None:
        moments = np.arange(round((len(sound) - begin) * clock)) / clock + begin
        known = np.interp(moments, np.arange(len(sound)), sound)
        self._pcm = np.rint(known).astype(np.int16)
        self._world, self._block, self._begin, self._clock = world, block, begin, clock
        self._read = 0

    @property
    def waiting_samples(self) -> int:
        recorded = max(0.0, (self._world.now - self._begin) * self._clock)
        return int(recorded / self._block + 1e-6) * self._block - self._read

    def lose(self, n: int) -> None:
        self._pcm = np.delete(self._pcm, slice(self._read, self._read + n))
        self._begin += n / self._clock
        self.overruns += 1

    def __iter__(self) -> Iterator[Pcm]:
        while self._read + self._block <= len(self._pcm):
            end = self._read + self._block
            self._world.now = max(self._world.now, self._begin + end / self._clock)
            self._read = end
            yield self._pcm[end - self._block : end]


class Recorder(EchoCanceller):
    """Keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[Pcm, Pcm]] = []

    def process(self, microphone: AnyPcm, loudspeaker: AnyPcm) -> Pcm:
        self.pairs.append((as_pcm(microphone), as_pcm(loudspeaker)))
        return as_pcm(microphone)

    def early(self) -> Pcm:
        """How many samples early the loudspeaker was, per block; both record the time."""
        # Without blocks that end in silence that was inserted.
        return np.array([20 * (int(b[-1]) - int(a[-1])) for a, b in self.pairs if b[-1]])


def clock_face(seconds: float) -> Pcm:
    return (np.arange(round(seconds * RATE)) // 20).astype(np.int16)


@pytest.mark.parametrize("begin", [-9000, -100, 0, 2500, 9000])
def test_inputs_that_begin_apart(begin: int) -> None:
    loudspeaker = floor(10, 4000)
    world = World()
    devices = EchoCancelledDevices(
        Input(world, echo_of(loudspeaker), 1280, begin=max(0, -begin)),
        Input(world, loudspeaker, 320, begin=max(0, begin)),
    )
    clean = np.concatenate(list(_until_the_end(devices)))
    echo = echo_of(loudspeaker).astype(float)
    assert np.mean(clean[-RATE:].astype(float) ** 2) < np.mean(echo[-RATE:] ** 2) / 300
    assert 700 + LEAD - 400 <= devices.canceller.delay_samples <= 700 + LEAD + 400
    assert (devices.pairings, devices.dropped_samples, devices.inserted_samples) == (0, 0, 0)


@pytest.mark.parametrize("ppm", [-4000, 4000])
def test_clocks_that_drift_apart(ppm: int) -> None:
    world = World()
    recorder = Recorder()
    devices = EchoCancelledDevices(
        Input(world, clock_face(40), 1280),
        Input(world, clock_face(40), 320, clock=1 + ppm * 1e-6),
        canceller=recorder,
    )
    list(_until_the_end(devices))
    early = recorder.early()[5:]
    assert early.min() > 0  # no echo before its sound
    assert early.max() < 2 * LEAD + 1280  # a block of the microphone
    assert 1 <= devices.pairings <= 4
    shift = devices.dropped_samples if ppm > 0 else devices.inserted_samples
    assert shift >= devices.pairings * LEAD // 2
    assert devices.dropped_samples * devices.inserted_samples == 0


@pytest.mark.parametrize("which", [0, 1])
def test_lost_audio_pairs_anew_at_once(which: int) -> None:
    world = World()
    recorder = Recorder()
    inputs = Input(world, clock_face(10), 1280), Input(world, clock_face(10), 320)
    devices = EchoCancelledDevices(*inputs, canceller=recorder)
    for n, _ in enumerate(_until_the_end(devices)):
        if n == 40:
            inputs[which].lose(8000)
    assert devices.pairings == 1
    assert abs(recorder.early()[42:] - LEAD).max() <= 400


def test_a_consumer_that_is_slow_for_once_changes_nothing() -> None:
    world = World()
    recorder = Recorder()
    devices = EchoCancelledDevices(
        Input(world, clock_face(20), 1280), Input(world, clock_face(20), 320), canceller=recorder
    )
    for n, _ in enumerate(_until_the_end(devices)):
        if n % 50 == 40:
            world.now += 9000
    assert devices.pairings == 0
    assert abs(np.diff(recorder.early()[1:])).max() <= 40


def test_refusals() -> None:
    world = World()
    microphone, loudspeaker = Input(world, floor(2), 1280), Input(world, floor(1), 320)
    for lead_ms in (19, 201):
        with pytest.raises(ValueError, match="lead_ms must be 20 to 200"):
            EchoCancelledDevices(microphone, loudspeaker, lead_ms=lead_ms)
    with pytest.raises(AudioDeviceError, match="the loudspeaker's input has ended"):
        list(EchoCancelledDevices(microphone, loudspeaker))


def _until_the_end(devices: EchoCancelledDevices) -> Iterator[Pcm]:
    # The loudspeaker is paired early, so its recording ends first.
    with contextlib.suppress(AudioDeviceError):
        yield from devices
