"""`OutputDevice`: a loudspeaker through PortAudio."""

from __future__ import annotations

from pywakeword.audio.devices.stream import PortAudioStream
from pywakeword.audio.source import PcmBlock


class OutputDevice(PortAudioStream):
    """Plays mono int16 audio; opened with `with`. Needs the extra `mic`.

    Parameters
    ----------
    rate_hz : int
        Sample rate of the audio.
    device : int or str, optional
        Index or part of the name; the default output if left out.

    Raises
    ------
    MissingExtraError
        If sounddevice is not installed.
    AudioDeviceError
        If the PortAudio library or the device is missing, or it cannot be opened.
    """

    def __init__(self, rate_hz: int, device: int | str | None = None) -> None:
        super().__init__("the default loudspeaker" if device is None else f"loudspeaker {device!r}")
        self._open("RawOutputStream", device, rate_hz)

    def write(self, pcm: PcmBlock) -> None:
        """Play audio; waits until the device has room for it."""
        with self._errors("play on"):
            self._stream.write(pcm.tobytes())

    def close(self) -> None:
        """Play the written audio to its end, and release the device."""
        try:
            with self._errors("close"):
                self._stream.stop()
        finally:
            super().close()
