from __future__ import annotations

import numpy as np
import pytest
from helpers.fake_sounddevice import FakeSoundDevice, PortAudioError

from pywakeword import AudioDeviceError
from pywakeword.audio.devices.output import OutputDevice

PCM = np.arange(800, dtype=np.int16)


def test_plays_what_is_written_and_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSoundDevice().install(monkeypatch)
    with OutputDevice(22050) as device:
        device.write(PCM)
        device.write(PCM)
    np.testing.assert_array_equal(np.frombuffer(fake.played, np.int16), np.tile(PCM, 2))
    assert fake.opened == [{"samplerate": 22050, "device": None, "channels": 1, "dtype": "int16"}]
    assert fake.closed == 1


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("open", r"cannot open loudspeaker 'Hall': lost"),
        ("write", r"cannot play on loudspeaker 'Hall': lost"),
        ("stop", r"cannot close loudspeaker 'Hall': lost"),
    ],
)
def test_a_device_that_fails(monkeypatch: pytest.MonkeyPatch, action: str, message: str) -> None:
    FakeSoundDevice().install(monkeypatch)
    import sounddevice

    def fail(*args: object, **options: object) -> None:
        raise PortAudioError("lost")

    working = sounddevice.RawOutputStream

    def opened(**options: object) -> object:
        stream = working(**options)
        if action == "open":
            fail()
        setattr(stream, action, fail)
        return stream

    monkeypatch.setattr(sounddevice, "RawOutputStream", opened)
    with pytest.raises(AudioDeviceError, match=message), OutputDevice(16000, "Hall") as device:
        device.write(PCM)
