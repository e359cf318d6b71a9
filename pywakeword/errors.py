"""Every exception of the package; `PyWakewordError` is the root of the tree.

Bad arguments are the built-in `TypeError` and `ValueError`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pywakeword._core import ModelError, PyWakewordError, StreamError, UnsupportedOpError

__all__ = [
    "AudioDeviceError",
    "AudioError",
    "AudioFormatError",
    "CalibrationError",
    "CardError",
    "LibraryError",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "PyWakewordError",
    "StreamError",
    "UnsupportedOpError",
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


class MissingExtraError(PyWakewordError, ImportError):
    """An optional dependency is not installed; the message names the extra."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(module, extra)
        self.module = module
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.module} is not installed: pip install 'pywakeword[{self.extra}]'"
