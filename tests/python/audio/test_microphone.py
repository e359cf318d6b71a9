from __future__ import annotations

import sys

import numpy as np
import pytest
from helpers.fake_sounddevice import FakeSoundDevice

from pywakeword import AudioDeviceError, MicrophoneSource, MissingExtraError
from pywakeword.audio import input_devices
from pywakeword.audio.devices.rate_check import RateCheck

PCM = np.random.default_rng(3).integers(-3000, 3000, 16000).astype(np.int16)


def record(microphone: MicrophoneSource, message: str = "the device is gone") -> list[np.ndarray]:
    """All blocks up to the error that ends the recording."""
    blocks = []

    def collect() -> None:
        for block in microphone:
            blocks.append(block)

    with microphone, pytest.raises(AudioDeviceError, match=message):
        collect()
    return blocks


def test_records_until_the_device_is_gone(monkeypatch) -> None:
    fake = FakeSoundDevice(PCM).install(monkeypatch)
    microphone = MicrophoneSource(block_s=0.05)
    blocks = record(microphone)
    np.testing.assert_array_equal(np.concatenate(blocks), PCM)
    assert microphone.overruns == 0
    assert fake.closed == 1
    assert fake.opened[0]["blocksize"] == 800


def test_a_device_that_falls_silent(monkeypatch) -> None:
    FakeSoundDevice(PCM, ends=False).install(monkeypatch)
    blocks = record(MicrophoneSource("USB", timeout_s=0.05), "'USB' gave no audio for 0.05 s")
    np.testing.assert_array_equal(np.concatenate(blocks), PCM)


def test_overruns_are_counted(monkeypatch) -> None:
    fake = FakeSoundDevice(PCM, all_at_once=True, overflow_at_block=2, ends=False)
    fake.install(monkeypatch)
    microphone = MicrophoneSource(block_s=0.1, queue_s=0.5, timeout_s=0.05)
    blocks = record(microphone, "gave no audio")
    # Ten blocks for a queue of five, and one overflow that PortAudio reported itself.
    assert len(blocks) == 5
    assert microphone.overruns == 6


def test_a_device_that_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSoundDevice(PCM, failing_openings=(1, 2)).install(monkeypatch)
    monkeypatch.setattr(MicrophoneSource, "_RETRY_S", 0.001)
    microphone = MicrophoneSource(block_s=0.1, reopen_s=60)
    with microphone:
        blocks = [block for block, _ in zip(microphone, range(25))]
    # The third opening fails no more, and gives the same second of audio again.
    np.testing.assert_array_equal(np.concatenate(blocks[:20]), np.tile(PCM, 2))
    assert microphone.reopenings == 2
    assert len(fake.opened) == 3
    assert fake.closed == 3


def test_a_device_that_comes_back_at_another_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("soxr", reason="the audio extra is not installed")
    fake = FakeSoundDevice(PCM).install(monkeypatch)
    with MicrophoneSource(block_s=0.1, reopen_s=60) as microphone:
        heard = iter(microphone)
        blocks = [next(heard) for _ in range(10)]
        fake.rates_hz = (48000,)
        blocks += [next(heard) for _ in range(3)]
    np.testing.assert_array_equal(np.concatenate(blocks[:10]), PCM)
    assert [options["samplerate"] for options in fake.opened] == [16000, 48000]
    assert sum(map(len, blocks[10:])) <= 4800


def test_a_device_that_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSoundDevice(PCM, failing_openings=tuple(range(1, 999))).install(monkeypatch)
    monkeypatch.setattr(MicrophoneSource, "_RETRY_S", 0.001)
    microphone = MicrophoneSource(reopen_s=0.05)
    record(microphone, "stopped: the device is gone")
    assert microphone.reopenings == 0
    assert fake.n_openings > 2


@pytest.mark.parametrize(("clock", "rate"), [(1 / 3, 48000), (2, 8000), (16 / 22.05, 22050)])
def test_a_rate_that_changes_is_noticed(
    monkeypatch: pytest.MonkeyPatch, clock: float, rate: int
) -> None:
    fake = FakeSoundDevice(np.tile(PCM, 20), clock=clock, all_at_once=True)
    fake.install(monkeypatch)
    blocks = record(MicrophoneSource(queue_s=60), f"changed its rate to about {rate} Hz")
    assert sum(map(len, blocks)) < 5 * rate


@pytest.mark.parametrize("clock", [1.02, 0.98, 0.0, -1.0])
def test_clocks_that_are_off_or_stand_still_are_no_other_rate(
    monkeypatch: pytest.MonkeyPatch, clock: float
) -> None:
    fake = FakeSoundDevice(np.tile(PCM, 20), clock=clock, all_at_once=True)
    fake.install(monkeypatch)
    blocks = record(MicrophoneSource(queue_s=60))
    assert sum(map(len, blocks)) == 20 * len(PCM)


def test_lost_audio_is_no_other_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    check = RateCheck(16000)
    at_s = 0.0
    for index in range(1000):
        lost = index % 7 == 0
        at_s += 0.3 if lost else 0.1
        assert check.measure(1600, None if lost else at_s) is None


def test_a_device_that_cannot_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeSoundDevice(PCM, fails_to_close=True).install(monkeypatch)
    with pytest.raises(AudioDeviceError, match="the device is gone"), MicrophoneSource() as lost:
        list(lost)
    with pytest.raises(AudioDeviceError, match=r"cannot close .*: Unanticipated host error"):
        MicrophoneSource().close()


@pytest.mark.parametrize(
    "options", [{"block_s": 0}, {"queue_s": -1}, {"timeout_s": float("nan")}, {"reopen_s": -1}]
)
def test_options_out_of_range(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MicrophoneSource(**options)


def test_other_rates_are_resampled(monkeypatch) -> None:
    pytest.importorskip("soxr", reason="the audio extra is not installed")
    fake = FakeSoundDevice(PCM, rates_hz=(48000, 44100)).install(monkeypatch)
    blocks = record(MicrophoneSource())
    assert fake.opened[0]["samplerate"] == 48000
    # The resampling filter still holds its last few hundred samples.
    assert len(PCM) / 3 - 600 < sum(map(len, blocks)) <= len(PCM) / 3


def test_no_device(monkeypatch) -> None:
    FakeSoundDevice(has_device=False).install(monkeypatch)
    with pytest.raises(AudioDeviceError, match=r"cannot open the default microphone: .*device -1"):
        MicrophoneSource()
    assert input_devices() == ()


def test_unknown_device(monkeypatch) -> None:
    FakeSoundDevice().install(monkeypatch)
    with pytest.raises(AudioDeviceError, match="cannot open microphone 'Studio': No input device"):
        MicrophoneSource("Studio")


def test_device_that_does_not_start(monkeypatch) -> None:
    fake = FakeSoundDevice(fails_to_start=True).install(monkeypatch)
    with pytest.raises(AudioDeviceError, match=r"cannot start .*: Device unavailable"):
        MicrophoneSource().__enter__()
    assert fake.closed == 1


def test_list_of_devices(monkeypatch) -> None:
    FakeSoundDevice().install(monkeypatch)
    (device,) = input_devices()
    assert (device.index, device.name, device.n_channels) == (1, "Fake USB microphone", 1)


def test_sounddevice_missing(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[mic\]"):
        MicrophoneSource()


def test_portaudio_missing(monkeypatch) -> None:
    monkeypatch.setattr("pywakeword._extras.importlib.import_module", _no_portaudio)
    with pytest.raises(AudioDeviceError, match=r"PortAudio library not found; .*libportaudio2"):
        input_devices()


def _no_portaudio(name: str) -> object:
    raise OSError("PortAudio library not found")
