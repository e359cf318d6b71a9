"""Every exception of the package; `PyWakewordError` is the root of the tree.

Bad arguments are the built-in `TypeError` and `ValueError`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pywakeword._core import ModelError, PyWakewordError, StreamError, UnsupportedOpError

__all__ = [
    "AddonError",
    "AudioDeviceError",
    "AudioError",
    "AudioFormatError",
    "BlockError",
    "CalibrationError",
    "CardError",
    "ConfigError",
    "EmptyTextError",
    "LibraryError",
    "LookError",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "PhonesError",
    "PyWakewordError",
    "RecogniserError",
    "RecogniserNotInstalledError",
    "RecogniserTimeoutError",
    "ServiceError",
    "ServiceRefusedError",
    "ServiceTimeoutError",
    "ServiceTruncatedError",
    "ServiceUnavailableError",
    "SpeechlessAudioError",
    "StreamError",
    "SyntaxTreeError",
    "TextMismatchError",
    "UnsupportedOpError",
    "VerifierError",
    "VerifierRefusedError",
    "VerifierUnavailableError",
]


class ModelNotFoundError(ModelError):
    """No model of that name or at that path."""

    def __init__(self, wanted: str, available: Sequence[str]) -> None:
        super().__init__(wanted, available)
        self.wanted = wanted
        self.available = available

    def __str__(self) -> str:
        return f"no model {self.wanted!r}; bundled models: {', '.join(self.available) or 'none'}"


class CardError(ModelError):
    """A model card is malformed, or does not fit its model or this build."""


class ConfigError(PyWakewordError):
    """A configuration file is missing or malformed."""


class CalibrationError(PyWakewordError):
    """A model card cannot support the rate of false accepts that was asked for."""


class LibraryError(PyWakewordError):
    """The shared library of the C API is missing, or has another ABI."""


class AudioError(PyWakewordError):
    """Audio could not be obtained."""


class AudioFormatError(AudioError):
    """A file or stream is not audio that can be read, or is damaged."""


class AudioDeviceError(AudioError):
    """A microphone is missing, refused to open or went away."""


class RecogniserError(PyWakewordError):
    """A recogniser failed, or returned what is no transcript."""


class RecogniserTimeoutError(RecogniserError):
    """A recogniser gave no transcript in time."""


class RecogniserNotInstalledError(RecogniserError):
    """The files of a recogniser are not on this machine; the message says how to get them."""


class ServiceError(PyWakewordError):
    """A speech service (text to speech, speech to text) did not do what was asked."""


class ServiceUnavailableError(ServiceError):
    """No connection to the service, or its program is not installed."""


class ServiceTimeoutError(ServiceError):
    """The service gave nothing for longer than its timeout."""


class ServiceRefusedError(ServiceError):
    """The service answered with an error, or with something that is no answer."""


class ServiceTruncatedError(ServiceError):
    """The answer broke off; what came before it has been handed over."""


class AddonError(PyWakewordError):
    """A speech addon is malformed, damaged, or asks for what this build does not have.

    Attributes
    ----------
    path : str
        Where: a place in `addon.json` such as `stack.streamable_block.stack[1].type`, or
        the name of a file.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path = path
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class BlockError(PyWakewordError):
    """A block was given tensors that it cannot take, or its network made unusable ones."""


class PhonesError(PyWakewordError):
    """Text could not be turned into the symbols of an addon."""


class EmptyTextError(PyWakewordError, ValueError):
    """A text holds no word that could be spoken."""


class SpeechlessAudioError(AudioError):
    """A recording that should hold speech holds none."""


class TextMismatchError(PyWakewordError, ValueError):
    """A recording does not hold the text that it is said to hold."""


class SyntaxTreeError(PyWakewordError, ValueError):
    """A text is not one constituency tree in brackets, or the tree has no spoken word."""


class MissingExtraError(PyWakewordError, ImportError):
    """An optional dependency is not installed; the message names the extra."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(module, extra)
        self.module = module
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.module} is not installed: pip install 'pywakeword[{self.extra}]'"


class VerifierError(PyWakewordError):
    """The verifier could not be asked, or gave no verdict."""


class VerifierUnavailableError(VerifierError):
    """The verifier was not reached, too slow, or busy, or its reply was not valid.

    Attributes
    ----------
    reason : str
        In one word: "connect", "tls", "timeout", "disconnected", "busy", "bad_reply",
        "token", "sent_log", "circuit_open", "queue_full", "no_boundaries" or "closed".
    """

    def __init__(self, reason: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason, message, retry_after_s)
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return self.message


class VerifierRefusedError(VerifierError):
    """The verifier refuses a request: asking again would not help.

    Attributes
    ----------
    status : int
        HTTP status, 400 to 499.
    code : str
        Which fault, as `docs/use/verifier.md` lists them.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class LookError(PyWakewordError):
    """A camera is missing or went away, or the face networks are not installed."""
