"""The microphones of this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pywakeword.audio.devices.stream import import_sounddevice
from pywakeword.errors import AudioDeviceError

# PulseAudio and PipeWire, a monitor that an ~/.asoundrc names so, ALSA's snd-aloop, Windows
# and macOS.
_MONITORS = re.compile(r"monitor of |[._]monitor\b|loopback|stereo mix|blackhole", re.IGNORECASE)


@dataclass(frozen=True)
class InputDevice:
    """A device that can record; select it by `index` or `name`."""

    index: int
    name: str
    n_channels: int
    sample_rate_hz: float

    @property
    def is_monitor(self) -> bool:
        """Whether it records what a loudspeaker plays, to judge by its name."""
        return _MONITORS.search(self.name) is not None


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
