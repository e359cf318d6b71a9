"""What a voice session reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.events import Detection
from pywakeword.session.machine import State, Trigger


@dataclass(frozen=True)
class Utterance:
    """What was said after a wake word.

    Attributes
    ----------
    pcm : (n_samples,) ndarray of int16
        From the end of the wake word to a little after the last speech.
    start_sample, end_sample : int
        Where `pcm` lies in the session's audio.
    reason : str
        Why it ended, as `End` says.
    detection : Detection
        The wake word.
    text : str or None
        What the speech-to-text service understood; None without one.
    """

    pcm: npt.NDArray[np.int16] = field(repr=False, compare=False)
    start_sample: int
    end_sample: int
    reason: str
    detection: Detection
    text: str | None = None


@dataclass(frozen=True)
class SessionEvent:
    """Something that happened; one of the classes below.

    Attributes
    ----------
    sample : int
        Samples of input consumed when it happened.
    """

    sample: int


@dataclass(frozen=True)
class StateChanged(SessionEvent):
    """The session went from one state to another, or entered the same anew."""

    trigger: Trigger
    before: State
    after: State


@dataclass(frozen=True)
class PlaybackChanged(SessionEvent):
    """At `sample`, the loudspeaker began to play something else, or fell silent."""

    playback: str


@dataclass(frozen=True)
class WordHeard(SessionEvent):
    """A wake word was detected."""

    detection: Detection


@dataclass(frozen=True)
class VerdictGiven(SessionEvent):
    """The verifier judged a wake word: accept, reject or abstain."""

    detection: Detection
    decision: str
    verdict: Any


@dataclass(frozen=True)
class UtteranceHeard(SessionEvent):
    """A person has finished speaking."""

    utterance: Utterance


@dataclass(frozen=True)
class Transcribed(SessionEvent):
    """The speech-to-text service understood this; an empty text is nothing."""

    text: str


@dataclass(frozen=True)
class Failed(SessionEvent):
    """Something outside failed; the session goes on.

    Attributes
    ----------
    stage : str
        "verifier", "speech to text", "application" or "text to speech".
    error : Exception
        What it raised.
    """

    stage: str
    error: Exception = field(compare=False)
