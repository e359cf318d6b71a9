"""`PortAudioStream`: the base of every microphone and loudspeaker (python-sounddevice)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from pywakeword._extras import require
from pywakeword.errors import AudioDeviceError

if TYPE_CHECKING:
    from typing_extensions import Self


class Times(Protocol):
    """When a block was recorded and will be played, by the clock of the device."""

    inputBufferAdcTime: float
    outputBufferDacTime: float


class Status(Protocol):
    """What PortAudio lost before a block."""

    input_overflow: bool
    output_underflow: bool


class _Stream(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...
    def write(self, data: bytes) -> object: ...


class SoundDevice(Protocol):
    """The part of the module `sounddevice` that is used here."""

    PortAudioError: type[Exception]

    def query_devices(self, device: int | str | None = None, kind: str | None = None) -> Any:
        """Return all devices, or the one selected."""

    def check_input_settings(
        self, *, device: int | str | None, channels: int, dtype: str, samplerate: float
    ) -> None:
        """Raise `PortAudioError` if the device cannot record so."""


class PortAudioStream:
    """One mono 16-bit stream of an audio device, opened with `with`.

    A subclass calls `_open` for an input, an output, or both at once. Every failure is an
    `AudioDeviceError` that names the device.

    Parameters
    ----------
    name : str
        Name of the device in the errors.

    Raises
    ------
    MissingExtraError
        If sounddevice is not installed.
    AudioDeviceError
        If the PortAudio library is missing.
    """

    _stream: _Stream

    def __init__(self, name: str) -> None:
        self._sounddevice = import_sounddevice()
        self._name = name
        self._overruns = 0

    @property
    def overruns(self) -> int:
        """Times that audio was lost since the device was opened."""
        return self._overruns

    def close(self) -> None:
        """Stop and release the device."""
        with self._errors("close"):
            self._stream.close()

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A device that is gone cannot be closed either: report the first error.
        with contextlib.suppress(AudioDeviceError) if error else contextlib.nullcontext():
            self.close()

    def _open(
        self,
        kind: Literal["RawInputStream", "RawOutputStream", "RawStream"],
        device: int | str | None,
        rate_hz: int,
        **options: object,
    ) -> None:
        with self._errors("open"):
            self._stream = getattr(self._sounddevice, kind)(
                samplerate=rate_hz, device=device, channels=1, dtype="int16", **options
            )

    def _start(self) -> None:
        try:
            with self._errors("start"):
                self._stream.start()
        except AudioDeviceError:
            with contextlib.suppress(AudioDeviceError):
                self.close()
            raise

    @contextlib.contextmanager
    def _errors(self, action: str) -> Iterator[None]:
        """Raise PortAudio's errors as `AudioDeviceError`."""
        try:
            yield
        except (self._sounddevice.PortAudioError, ValueError) as error:
            raise AudioDeviceError(f"cannot {action} {self._name}: {error}") from error


def import_sounddevice() -> SoundDevice:
    """Import sounddevice; the errors name what to install."""
    try:
        return cast(SoundDevice, require("sounddevice", "mic"))
    except OSError as error:
        raise AudioDeviceError(
            f"{error}; install it, on Debian and Raspberry Pi OS: apt install libportaudio2"
        ) from error
