"""The results of `WakeWord` and `Endpointer`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pywakeword.device_state import DeviceState


@dataclass(frozen=True)
class Detection:
    """One detected wake word.

    Sample indexes count from the start of the stream (or from the last `reset`).
    Comparing two detections ignores their snippets.

    Attributes
    ----------
    keyword : str
        The word.
    score : float
        Highest smoothed score, 0 to 1.
    start_sample, end_sample : int
        Where the word itself starts and ends, as estimated.
    detected_sample : int
        Samples consumed at the decision; never before `end_sample`.
    snippet : (n_samples,) ndarray of int16
        Audio from `start_sample - pre_roll_samples` to `detected_sample`.
    pre_roll_samples : int
        Samples of the snippet that precede the word: the `pre_roll_s` of the
        `WakeWord` (half a second), or fewer at the start of a stream.
    device_state : DeviceState
        State of the device at the decision.
    """

    keyword: str
    score: float
    start_sample: int
    end_sample: int
    detected_sample: int
    snippet: npt.NDArray[np.int16] = field(repr=False, compare=False)
    pre_roll_samples: int
    device_state: DeviceState


@dataclass(frozen=True)
class EndpointEvent:
    """One decision of an `Endpointer`: one of the classes below.

    Sample indexes count from the start of the stream (or from the last `reset`).

    Attributes
    ----------
    sample : int
        Where speech began or ended.
    decided_sample : int
        Samples consumed at the decision.
    reason : str
        The reason of the decision; each class lists its reasons.
    """

    sample: int
    decided_sample: int
    reason: str


@dataclass(frozen=True)
class SpeechStart(EndpointEvent):
    """Speech began at `sample`: "speech", or "after_wake_word" without a pause."""


@dataclass(frozen=True)
class PossibleEnd(EndpointEvent):
    """Speech paused at `sample` and may be over: "pause"."""


@dataclass(frozen=True)
class End(EndpointEvent):
    """The utterance ended at `sample`: a rule's name, "max_utterance" or "closed"."""


@dataclass(frozen=True)
class Resumed(EndpointEvent):
    """Speech continued at `sample`: "speech". Takes back a `PossibleEnd` or an early `End`."""


@dataclass(frozen=True)
class NoSpeech(EndpointEvent):
    """There was no speech up to `sample`: "no_speech_timeout" or a rule's name."""
