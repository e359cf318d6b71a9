"""What a voice session reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, Union

import numpy as np
import numpy.typing as npt

from pywakeword.endpointing.recognisers.transcript import Transcript
from pywakeword.endpointing.repair.frames import Repair
from pywakeword.events import Attention, Detection
from pywakeword.session.machine import State, Trigger
from pywakeword.speech_to_speech import Timing
from pywakeword.tts.mirror import Manner


class AcceptedOrNot(Protocol):
    """A verdict with a bool, such as the `VerifierResult` of `AsyncVerifier`."""

    @property
    def accepted(self) -> bool:
        """Whether it is the wake word."""


class Decided(Protocol):
    """A verdict with a word."""

    @property
    def decision(self) -> str:
        """One of "accept", "reject" and "abstain"."""


Verdict = Union[str, AcceptedOrNot, Decided]


@dataclass(frozen=True)
class SpokenRequest:
    """What was said after a wake word.

    Attributes
    ----------
    pcm : (n_samples,) ndarray of int16
        From the end of the wake word, or half a second before the speech of who looks at the
        device, to 0.2 s after the last speech.
    start_sample, end_sample : int
        Where `pcm` begins and ends in the session's audio.
    reason : str
        Why it ended: the reason of the `End`.
    detection : Detection or Attention
        The wake word, or the look that stands for it.
    text : str or None
        The transcript; None without a recogniser or speech-to-text service. After a question,
        the text of both parts.
    transcript : Transcript or None
        The recogniser's hypotheses and word times, of the last part.
    first : SpokenRequest or None
        The truncated request that this one continues.
    speech_end_sample : int
        End of the speech in the session's audio.
    """

    pcm: npt.NDArray[np.int16] = field(repr=False, compare=False)
    start_sample: int
    end_sample: int
    reason: str
    detection: Detection | Attention
    text: str | None = None
    transcript: Transcript | None = field(default=None, repr=False)
    first: SpokenRequest | None = field(default=None, repr=False)
    speech_end_sample: int = field(default=-1, repr=False, compare=False)


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
    """The session changed its state, or entered the same state again."""

    trigger: Trigger
    before: State
    after: State


@dataclass(frozen=True)
class PlaybackChanged(SessionEvent):
    """From `sample` on, the loudspeaker plays something else, or "none"."""

    playback: str


@dataclass(frozen=True)
class WordHeard(SessionEvent):
    """A wake word was detected."""

    detection: Detection


@dataclass(frozen=True)
class LookChanged(SessionEvent):
    """Somebody began to look at the device, or nobody does any more."""

    looking: bool
    probability: float


@dataclass(frozen=True)
class Attended(SessionEvent):
    """Somebody looks at the device and talks to it: the session listens."""

    attention: Attention


@dataclass(frozen=True)
class VerdictGiven(SessionEvent):
    """The verifier judged a wake word: accept, reject or abstain."""

    detection: Detection
    decision: str
    verdict: Verdict


@dataclass(frozen=True)
class UtteranceHeard(SessionEvent):
    """The person has finished speaking."""

    utterance: SpokenRequest


@dataclass(frozen=True)
class Transcribed(SessionEvent):
    """The transcript; its text is empty if nothing was understood.

    Attributes
    ----------
    text : str
        The words. After a question, those of both parts.
    transcript : Transcript or None
        The recogniser's hypotheses and word times; None from a speech-to-text service.
    """

    text: str
    transcript: Transcript | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Asked(SessionEvent):
    """A request was incomplete, and the session asks for the rest.

    Attributes
    ----------
    repair : Repair
        The question, and the missing role.
    """

    repair: Repair


@dataclass(frozen=True)
class MannerChosen(SessionEvent):
    """How the answer will be spoken, and why; see `ProsodyMirror`."""

    manner: Manner


@dataclass(frozen=True)
class AnswerText(SessionEvent):
    """A piece of what the speech-to-speech partner says."""

    text: str


@dataclass(frozen=True)
class AnswerTimed(SessionEvent):
    """Where the time went until the first sound of the answer; of a speech-to-speech partner."""

    timing: Timing


@dataclass(frozen=True)
class Failed(SessionEvent):
    """A service or the application failed; the session goes on.

    Attributes
    ----------
    stage : str
        "verifier", "look", "speech to text", "application", "text to speech" or "speech to
        speech".
    error : Exception
        What it raised.
    """

    stage: str
    error: Exception = field(compare=False)
