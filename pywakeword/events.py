"""What the listener reports."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pywakeword.device_state import DeviceState


@dataclass(frozen=True)
class Detection:
    """One wake word that was heard.

    Sample indexes count from the start of the stream (or from the last `reset`).
    Two detections are compared without their snippets.

    Attributes
    ----------
    keyword : str
        Which word.
    score : float
        Highest smoothed score, 0 to 1.
    start_sample, end_sample : int
        Where the word itself starts and ends, as the model estimates it.
    detected_sample : int
        Samples consumed when the decision fell; never before `end_sample`.
    snippet : (n_samples,) ndarray of int16
        Audio from `start_sample - pre_roll_samples` to `detected_sample`.
    pre_roll_samples : int
        Samples of the snippet that precede the word: 8000 (half a second), or
        what there was at the start of a stream.
    device_state : DeviceState
        State under which the word was heard.
    """

    keyword: str
    score: float
    start_sample: int
    end_sample: int
    detected_sample: int
    snippet: npt.NDArray[np.int16] = field(repr=False, compare=False)
    pre_roll_samples: int
    device_state: DeviceState
