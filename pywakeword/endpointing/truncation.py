"""`TruncationCheck`: what to do when the arbitrator was not sure that a person was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pywakeword.audio.history import AudioHistory
from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm, as_pcm
from pywakeword.endpointing.repair.frames import Repair
from pywakeword.endpointing.two_pass import Decision
from pywakeword.endpointing.utterance import Utterance


class RepairHook(Protocol):
    """Called with an utterance that may have been cut off."""

    def __call__(self, transcript: str, audio: npt.NDArray[np.int16], probability: float) -> Repair:
        """Return how to go on.

        Parameters
        ----------
        transcript : str
            The recogniser's tokens at the last question, joined by `TruncationCheck`.
        audio : (n_samples,) ndarray of int16
            The utterance, or as much of its end as is kept.
        probability : float
            That this was the end, as the arbitrator last said.
        """


class TruncationCheck:
    """Calls a hook for each utterance whose end the arbitrator was unsure of.

    It is asked when the grace period is over, so what was resumed needs no repair. An end
    that no arbitrator judged ("closed", "max_utterance", "wake_word", a rule of a plain
    `Endpointer`) has no probability, and the hook is not called.

    Parameters
    ----------
    decisions : sequence of Decision
        What `TwoPassEndpointer(on_decision=decisions.append)` fills; a
        `collections.deque(maxlen=64)`, say.
    on_truncated : RepairHook
        The hook; `FrameRepair()` is the default of the package.
    sure_from : float
        Probability from which an end is believed.
    keep_s : float
        How much audio is kept.
    separator : str
        Between the tokens: a space for words, nothing for characters.
    """

    def __init__(
        self,
        decisions: Sequence[Decision],
        on_truncated: RepairHook,
        *,
        sure_from: float = 0.5,
        keep_s: float = 30.0,
        separator: str = " ",
    ) -> None:
        if not callable(on_truncated):
            raise TypeError(f"on_truncated must be callable, got {on_truncated!r}")
        if not 0 < sure_from <= 1:
            raise ValueError(f"sure_from must be above 0 and at most 1, got {sure_from!r}")
        if not 0 < keep_s <= 600:
            raise ValueError(f"keep_s must be above 0 and at most 600, got {keep_s!r}")
        self._decisions = decisions
        self._on_truncated = on_truncated
        self._sure_from = sure_from
        self._separator = separator
        self._history = AudioHistory(max(1, round(keep_s * SAMPLE_RATE_HZ)))

    def hear(self, pcm: Pcm) -> None:
        """Keep audio of the stream."""
        self._history.append(as_pcm(pcm))

    def judge(self, utterance: Utterance) -> Repair | None:
        """Call the hook if the end is in doubt; return what it gave."""
        decision = self._last_decision(utterance)
        if decision is None or decision.probability >= self._sure_from:
            return None
        repair = self._on_truncated(
            self._separator.join(decision.tokens), self._audio(utterance), decision.probability
        )
        if not isinstance(repair, Repair):
            raise TypeError(f"on_truncated must return a Repair, got {repair!r}")
        return repair

    def reset(self) -> None:
        """Start a new stream. The decisions are the caller's to clear."""
        self._history.reset()

    def _last_decision(self, utterance: Utterance) -> Decision | None:
        for decision in reversed(self._decisions):
            if decision.pause_start_sample == utterance.end_sample:
                return decision
        return None

    def _audio(self, utterance: Utterance) -> npt.NDArray[np.int16]:
        return self._history.cut(utterance.start_sample, utterance.end_sample)[1]
