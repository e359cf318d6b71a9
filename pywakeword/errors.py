"""Every exception of the package; `PyWakewordError` is their base.

Bad arguments raise the built-in `TypeError` and `ValueError`.
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
    "EmptyTextError",
    "LibraryError",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "PhonesError",
    "PyWakewordError",
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
    """There is no model with that name or path."""

    def __init__(self, wanted: str, available: Sequence[str]) -> None:
        super().__init__(wanted, available)
        self.wanted = wanted
        self.available = available

    def __str__(self) -> str:
        return f"no model {self.wanted!r}; bundled models: {', '.join(self.available) or 'none'}"


class CardError(ModelError):
    """A model card is malformed, or does not fit its model or this build."""


class CalibrationError(PyWakewordError):
    """A model card has no threshold for the requested rate of false accepts."""


class LibraryError(PyWakewordError):
    """The shared library of the C API is missing or has another ABI."""


class AudioError(PyWakewordError):
    """Audio is not available."""


class AudioFormatError(AudioError):
    """A file or stream has an unknown audio format or is damaged."""


class AudioDeviceError(AudioError):
    """A microphone is missing, failed to open or was disconnected."""


class ServiceError(PyWakewordError):
    """A speech service (text to speech, speech to text) failed."""


class ServiceUnavailableError(ServiceError):
    """The service cannot be reached, or its program is not installed."""


class ServiceTimeoutError(ServiceError):
    """The service did not answer within its timeout."""


class ServiceRefusedError(ServiceError):
    """The service returned an error or an invalid answer."""


class ServiceTruncatedError(ServiceError):
    """The answer ended early. The part before was delivered."""


class AddonError(PyWakewordError):
    """A speech addon is malformed, damaged, or needs a feature that this build lacks.

    Attributes
    ----------
    path : str
        A place in `addon.json`, such as `stack.streamable_block.stack[1].type`, or the
        name of a file.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path = path
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class BlockError(PyWakewordError):
    """A block got tensors that do not fit, or its network returned such tensors."""


class PhonesError(PyWakewordError):
    """Text cannot be converted to the symbols of an addon."""


class EmptyTextError(PyWakewordError, ValueError):
    """A text has no word to speak."""


class SpeechlessAudioError(AudioError):
    """A recording contains no speech."""


class TextMismatchError(PyWakewordError, ValueError):
    """A recording does not match its text."""


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
    """The verifier could not be reached, or gave no verdict."""


class VerifierUnavailableError(VerifierError):
    """The verifier was not reached, was too slow or busy, or gave an invalid answer.

    Attributes
    ----------
    reason : str
        One word: "connect", "tls", "timeout", "disconnected", "busy", "bad_reply",
        "token", "sent_log", "circuit_open", "queue_full" or "closed".
    """

    def __init__(self, reason: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason, message, retry_after_s)
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return self.message


class VerifierRefusedError(VerifierError):
    """The verifier refuses a request. Repeating it would not help.

    Attributes
    ----------
    status : int
        HTTP status, 400 to 499.
    code : str
        Code of the fault; the verifier's documentation lists them.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message
