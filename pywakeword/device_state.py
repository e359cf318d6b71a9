"""`DeviceState`: what the device itself is doing, as an input of the models."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from pywakeword._checks import check_number
from pywakeword._core import DEVICE_TYPES, PLAYBACKS, VOLUME_EDGES

__all__ = ["DEVICE_TYPES", "PLAYBACKS", "STATE_SIZES", "VOLUME_EDGES", "DeviceState"]

# Bucket 0 means that the volume is unknown.
STATE_SIZES = (len(DEVICE_TYPES), len(PLAYBACKS), len(VOLUME_EDGES) + 2)


@dataclass(frozen=True)
class DeviceState:
    """State of the device that listens.

    Parameters
    ----------
    device_type : str
        One of unknown, speaker, display, tv, phone, headset, car, appliance.
    playback : str
        What the device's own loudspeaker plays: one of unknown, none, music,
        tts, alarm, media, call, other.
    volume : float, optional
        Volume setting from 0 to 1; None if unknown. The models get it in steps of 0.2.

    Raises
    ------
    TypeError
        If `volume` is not a number.
    ValueError
        If a word is not in its vocabulary or the volume is out of range.
    """

    device_type: str = "unknown"
    playback: str = "unknown"
    volume: float | None = None

    def __post_init__(self) -> None:
        _check_word("device_type", self.device_type, DEVICE_TYPES)
        _check_word("playback", self.playback, PLAYBACKS)
        if self.volume is None:
            return
        check_number("volume", self.volume)
        if not 0 <= self.volume <= 1:  # a NaN fails too
            raise ValueError(f"volume must lie between 0 and 1, got {self.volume!r}")

    @property
    def codes(self) -> tuple[int, int, int]:
        """Indexes of device type, playback and volume bucket in the model's input."""
        bucket = 0 if self.volume is None else 1 + bisect_right(VOLUME_EDGES, self.volume)
        return DEVICE_TYPES.index(self.device_type), PLAYBACKS.index(self.playback), bucket


def _check_word(field: str, word: object, vocabulary: tuple[str, ...]) -> None:
    if not isinstance(word, str) or word not in vocabulary:
        raise ValueError(f"{field} must be one of {', '.join(vocabulary)}; got {word!r}")
