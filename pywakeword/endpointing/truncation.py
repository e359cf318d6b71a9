"""`TruncationCheck`: what to do when the arbitrator was unsure that a person had finished."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pywakeword._checks import NotCopied, check_number, check_type
from pywakeword.audio.history import AudioHistory
from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm, as_pcm
from pywakeword.endpointing.recognisers.completeness import completeness
from pywakeword.endpointing.repair.frames import Repair
from pywakeword.endpointing.two_pass import Decision
from pywakeword.endpointing.utterance import Utterance


class RepairHook(Protocol):
    """The hook of `TruncationCheck`: called with an utterance that may be incomplete."""

    def __call__(self, transcript: str, audio: npt.NDArray[np.int16], probability: float) -> Repair:
        """Return how to continue.

        Parameters
        ----------
        transcript : str
            The transcript, or the recogniser's tokens at the arbitrator's last decision, joined.
        audio : (n_samples,) ndarray of int16
            The utterance, or its last `keep_s` seconds.
        probability : float
            Probability that the person had finished.
        """


class TruncationCheck(NotCopied):
    """Calls a hook for each utterance that may be incomplete.

    The check runs after the grace period, so an utterance that went on needs no repair.
    Without a transcript, the hook is called if the arbitrator was unsure of the end, and not
    for an end that it did not judge ("closed", "max_utterance", "wake_word", or a rule of a
    plain `Endpointer`). With a transcript, the hook is always called, with the lower of the
    arbitrator's probability and that of the text (`completeness`). If that is sure, only a
    repair that names a missing role counts.

    Parameters
    ----------
    decisions : sequence of Decision
        Filled by `TwoPassEndpointer(on_decision=decisions.append)`, for example a
        `collections.deque(maxlen=64)`. Empty, if there are transcripts and no arbitrator.
    on_truncated : RepairHook
        The hook, such as `FrameRepair()`.
    sure_from : float
        Probability from which an end counts as sure.
    keep_s : float
        Length of the kept audio in seconds.
    separator : str
        Text between the tokens: a space for words, empty for characters.
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
        check_number("sure_from", sure_from)
        check_number("keep_s", keep_s)
        check_type("separator", separator, str)
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
        """Take the next audio of the stream."""
        self._history.append(as_pcm(pcm))

    def judge(self, utterance: Utterance, transcript: str | None = None) -> Repair | None:
        """Call the hook if the utterance may be incomplete, and return its repair."""
        _, audio = self._history.cut(utterance.start_sample, utterance.end_sample)
        return self.judge_end(utterance.end_sample, audio, transcript)

    def judge_end(
        self, end_sample: int, audio: npt.NDArray[np.int16], transcript: str | None = None
    ) -> Repair | None:
        """As `judge`, for an utterance whose audio the caller kept."""
        decision = self._last_decision(end_sample)
        if transcript is None:
            if decision is None or decision.probability >= self._sure_from:
                return None
            transcript = self._separator.join(decision.tokens)
            probability = decision.probability
        else:
            probability = completeness(transcript)
            if decision is not None:
                probability = min(probability, decision.probability)
        repair = self._on_truncated(transcript, audio, probability)
        if not isinstance(repair, Repair):
            raise TypeError(f"on_truncated must return a Repair, got {repair!r}")
        sure = probability >= self._sure_from
        return None if sure and repair.missing_role is None else repair

    def reset(self) -> None:
        """Start a new stream. The caller clears the decisions."""
        self._history.reset()

    def _last_decision(self, end_sample: int) -> Decision | None:
        for decision in reversed(self._decisions):
            if decision.pause_start_sample == end_sample:
                return decision
        return None
