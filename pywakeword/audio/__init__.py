"""Audio in and out: files, standard input, arrays, devices; PCM checks and resampling."""

from pywakeword.audio.devices.listing import InputDevice, input_devices
from pywakeword.audio.devices.microphone import MicrophoneSource
from pywakeword.audio.echo import EchoCancelledSource, EchoCanceller
from pywakeword.audio.echo_devices import EchoCancelledDevices, LiveSource
from pywakeword.audio.file import FileSource
from pywakeword.audio.source import ArraySource, AudioSource, PcmBlock
from pywakeword.audio.stdin import StdinSource

__all__ = [
    "ArraySource",
    "AudioSource",
    "EchoCancelledDevices",
    "EchoCancelledSource",
    "EchoCanceller",
    "FileSource",
    "InputDevice",
    "LiveSource",
    "MicrophoneSource",
    "PcmBlock",
    "StdinSource",
    "input_devices",
]
