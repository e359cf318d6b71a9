"""The microphones of this machine."""

from __future__ import annotations

from dataclasses import dataclass

from pywakeword.audio.devices.stream import import_sounddevice
from pywakeword.errors import AudioDeviceError


@dataclass(frozen=True)
class InputDevice:
    """A device that can record; select it by `index` or `name`."""

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
