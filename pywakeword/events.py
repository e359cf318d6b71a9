"""The results of `WakeWord`, `Endpointer` and of a look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
    start_sample, end_sample : int or None
        Where the word itself starts and ends, as estimated. None from a community
        model, which does not say.
    detected_sample : int
        Samples consumed at the decision; never before `end_sample`.
    snippet : (n_samples,) ndarray of int16
        Audio from `start_sample - pre_roll_samples` to `detected_sample`. For a
        community model, the word counts as the last 1.5 s.
    pre_roll_samples : int
        Samples of the snippet that precede the word: the `pre_roll_s` of the
        `WakeWord` (half a second), or fewer at the start of a stream.
    device_state : DeviceState
        State of the device at the decision.
    """

    keyword: str
    score: float
    start_sample: int | Any  # None is possible; most code has only models that give it
    end_sample: int | Any
    detected_sample: int
    snippet: npt.NDArray[np.int16] = field(repr=False, compare=False)
    pre_roll_samples: int
    device_state: DeviceState

    @property
    def word_end_sample(self) -> int:
        """Where what follows the word begins: `end_sample`, or `detected_sample` without one."""
        return self.detected_sample if self.end_sample is None else self.end_sample

    @property
    def word_start_sample(self) -> int:
        """Where the word's part of the snippet begins: `start_sample`, if the model gives one."""
        return self.detected_sample - len(self.snippet) + self.pre_roll_samples


@dataclass(frozen=True)
class Attention:
    """Somebody looks at the device and talks to it: as good as a wake word.

    Attributes
    ----------
    probability : float
        That the person looks at the device, 0 to 1.
    yaw, pitch : float
        Of the head to the line to the camera, in degrees.
    start_sample : int
        Where the speech to the device begins.
    detected_sample : int
        Samples consumed at the decision.
    snippet : (n_samples,) ndarray of int16
        Audio from `start_sample - pre_roll_samples` to `detected_sample`.
    pre_roll_samples : int
        Half a second, or less at the start of the audio.
    """

    probability: float
    yaw: float
    pitch: float
    start_sample: int
    detected_sample: int
    snippet: npt.NDArray[np.int16] = field(repr=False, compare=False)
    pre_roll_samples: int

    @property
    def word_end_sample(self) -> int:
        """Where what is said to the device begins, with the pre-roll."""
        return self.start_sample - self.pre_roll_samples


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
