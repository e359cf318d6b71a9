"""Snippets, and the window of frames that goes into a verifier's network."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pywakeword import _core
from pywakeword.device_state import STATE_SIZES, DeviceState
from pywakeword.verifier.contract import PRE_ROLL_SAMPLES

WINDOW_FRAMES = 195
N_BINS = 64
_HOP: int = _core.LFBE_SETTINGS["hop_samples"]
_FLOOR = np.float32(np.log(_core.LFBE_SETTINGS["floor"]))
_WINDOW_SAMPLES: int = (WINDOW_FRAMES - 1) * _HOP + _core.LFBE_SETTINGS["window_samples"]
AFTER_START_SAMPLES = _WINDOW_SAMPLES - PRE_ROLL_SAMPLES


@dataclass(frozen=True)
class Snippet:
    """A candidate's audio.

    Attributes
    ----------
    keyword : str
        The word that the device detected.
    pcm : (n_samples,) ndarray of int16
        Mono at 16 kHz, from before the word to after it.
    start_sample : int
        The device's estimate of the word's start within `pcm`.
    score : float
        The device's score.
    device_state : DeviceState
        State of the device at the detection.
    """

    keyword: str
    pcm: npt.NDArray[np.int16] = field(repr=False, compare=False)
    start_sample: int
    score: float = 0.5
    device_state: DeviceState = field(default_factory=DeviceState)

    @property
    def window_sample(self) -> int:
        """First sample of the window in `pcm`; negative if pre-roll is missing."""
        return self.start_sample - PRE_ROLL_SAMPLES


def state_vector(state: DeviceState) -> npt.NDArray[np.float32]:
    """Return a device state as networks take it: three one-hot vectors in sequence, (22,)."""
    row = np.zeros(sum(STATE_SIZES), np.float32)
    for code, first in zip(state.codes, np.cumsum((0, *STATE_SIZES[:2]))):
        row[first + code] = 1
    return row


def window(snippet: Snippet, lfbe: _core.Lfbe) -> tuple[npt.NDArray[np.float32], int]:
    """Return the (195, 64) frames of a snippet, and the number of the frame where it ends.

    Frame 50 begins at the estimated start of the word. Frames outside the snippet hold the
    logarithm of the floor.
    """
    frames = np.full((WINDOW_FRAMES, N_BINS), _FLOOR, np.float32)
    begin = snippet.window_sample
    first = max(0, -(begin // _HOP))  # the first frame wholly inside the snippet
    lfbe.reset()
    found = lfbe.process(
        np.ascontiguousarray(snippet.pcm[begin + first * _HOP : begin + _WINDOW_SAMPLES])
    )
    frames[first : first + len(found)] = found
    return frames, first + len(found)
