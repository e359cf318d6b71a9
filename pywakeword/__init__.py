"""On-device wake words and endpointing: the Python interface of a C++ core."""

from importlib import import_module
from typing import TYPE_CHECKING

try:
    from pywakeword._core import __version__
except ModuleNotFoundError as error:
    if error.name != "pywakeword._core":
        raise
    # With this name, `python -m pywakeword` ends in one line.
    raise ImportError(
        f"{__path__[0]} has no compiled extension: Python found the sources before the installed "
        "package. Start it in another folder, or run `pip install -e .` in this one",
        name="pywakeword",
    ) from None
from pywakeword.audio import (
    ArraySource,
    AudioSource,
    EchoCancelledSource,
    EchoCanceller,
    FileSource,
    MicrophoneSource,
    StdinSource,
)
from pywakeword.device_state import DeviceState
from pywakeword.endpointing.endpointer import Endpointer, EndpointRule
from pywakeword.endpointing.frame_batcher import FrameBatch, FrameBatcher
from pywakeword.errors import (
    AddonError,
    AudioDeviceError,
    AudioError,
    AudioFormatError,
    BlockError,
    CalibrationError,
    CardError,
    ConfigError,
    LibraryError,
    MissingExtraError,
    ModelError,
    ModelNotFoundError,
    PhonesError,
    PyWakewordError,
    RecogniserError,
    RecogniserNotInstalledError,
    RecogniserTimeoutError,
    ServiceError,
    ServiceRefusedError,
    ServiceTimeoutError,
    ServiceTruncatedError,
    ServiceUnavailableError,
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
from pywakeword.models.calibration import Calibration, CalibrationRow
from pywakeword.models.card import Card
from pywakeword.models.files import available_models, default_models
from pywakeword.wakeword import WakeWord

if TYPE_CHECKING:
    from pywakeword.endpointing import (
        AmrRepair,
        Arbitrator,
        Decision,
        EncoderStream,
        Encoding,
        EosPosterior,
        EosSource,
        FrameRepair,
        Hypothesis,
        NetworkArbitrator,
        PocketsphinxSource,
        Recogniser,
        Recognition,
        Repair,
        Request,
        RequestListener,
        StreamingEncoder,
        TranscribingSource,
        Transcript,
        TranscriptArbitrator,
        TruncationCheck,
        TwoPassEndpointer,
        Utterance,
        UtteranceJoiner,
        WaitPolicy,
        WhisperSource,
        Word,
    )
else:

    def __getattr__(name: str) -> object:
        """Import the rarely used names on first use; they take half a MB of memory."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("pywakeword.endpointing"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "AddonError",
    "AmrRepair",
    "Arbitrator",
    "ArraySource",
    "AudioDeviceError",
    "AudioError",
    "AudioFormatError",
    "AudioSource",
    "BlockError",
    "Calibration",
    "CalibrationError",
    "CalibrationRow",
    "Card",
    "CardError",
    "ConfigError",
    "Decision",
    "Detection",
    "DeviceState",
    "EchoCancelledSource",
    "EchoCanceller",
    "EncoderStream",
    "Encoding",
    "End",
    "EndpointEvent",
    "EndpointRule",
    "Endpointer",
    "EosPosterior",
    "EosSource",
    "FileSource",
    "FrameBatch",
    "FrameBatcher",
    "FrameRepair",
    "Hypothesis",
    "LibraryError",
    "MicrophoneSource",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "NetworkArbitrator",
    "NoSpeech",
    "PhonesError",
    "PocketsphinxSource",
    "PossibleEnd",
    "PyWakewordError",
    "Recogniser",
    "RecogniserError",
    "RecogniserNotInstalledError",
    "RecogniserTimeoutError",
    "Recognition",
    "Repair",
    "Request",
    "RequestListener",
    "Resumed",
    "ServiceError",
    "ServiceRefusedError",
    "ServiceTimeoutError",
    "ServiceTruncatedError",
    "ServiceUnavailableError",
    "SpeechStart",
    "StdinSource",
    "StreamError",
    "StreamingEncoder",
    "TranscribingSource",
    "Transcript",
    "TranscriptArbitrator",
    "TruncationCheck",
    "TwoPassEndpointer",
    "UnsupportedOpError",
    "Utterance",
    "UtteranceJoiner",
    "WaitPolicy",
    "WakeWord",
    "WhisperSource",
    "Word",
    "__version__",
    "available_models",
    "default_models",
]
