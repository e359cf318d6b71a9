"""On-device wake words: a C++ core that listens, and the Python to hold it."""

from pywakeword._core import __version__
from pywakeword.audio import (
    ArraySource,
    AudioSource,
    FileSource,
    MicrophoneSource,
    StdinSource,
)
from pywakeword.calibration import Calibration, CalibrationRow
from pywakeword.card import Card
from pywakeword.device_state import DeviceState
from pywakeword.endpoint import Endpointer, EndpointRule
from pywakeword.errors import (
    AudioDeviceError,
    AudioError,
    AudioFormatError,
    CalibrationError,
    CardError,
    LibraryError,
    MissingExtraError,
    ModelError,
    ModelNotFoundError,
    PyWakewordError,
    StreamError,
    UnsupportedOpError,
)
from pywakeword.events import (
    Detection,
    End,
    EndpointEvent,
    NoSpeech,
    PossibleEnd,
    Resumed,
    SpeechStart,
)
from pywakeword.frame_batcher import FrameBatch, FrameBatcher
from pywakeword.models import available_models
from pywakeword.wakeword import WakeWord

__all__ = [
    "ArraySource",
    "AudioDeviceError",
    "AudioError",
    "AudioFormatError",
    "AudioSource",
    "Calibration",
    "CalibrationError",
    "CalibrationRow",
    "Card",
    "CardError",
    "Detection",
    "DeviceState",
    "End",
    "EndpointEvent",
    "EndpointRule",
    "Endpointer",
    "FileSource",
    "FrameBatch",
    "FrameBatcher",
    "LibraryError",
    "MicrophoneSource",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "NoSpeech",
    "PossibleEnd",
    "PyWakewordError",
    "Resumed",
    "SpeechStart",
    "StdinSource",
    "StreamError",
    "UnsupportedOpError",
    "WakeWord",
    "__version__",
    "available_models",
]
