"""`LanguageRepair`: a language model names the missing role of a command."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from pywakeword.endpointing.repair.frames import NOT_UNDERSTOOD, Repair
from pywakeword.endpointing.reranking.reranker import LanguageScorer

# Give this to the scorer as its `prompt`. The examples are no commands of `COMMAND_FRAMES`.
ROLE_PROMPT = (
    "Find what is missing: "
    "whisper to => the person; "
    "bake the cake for => the length of time; "
    "print => the thing; "
    "walk the dog at => the time; "
    "speak => the language; "
    "raise the price to => the number; "
    "drive me to => the place; "
    "make the oven => on or off; "
    "repair the => the device; "
    "open the door now => nothing; "
    "mail it to my => the person; "
    "feed the cat some => the thing; "
    "what is the time in => the place; "
    "meet Anna before => the time; "
    "tell a story => nothing;"
)
_NO_COMMAND = "please"
# What the model answers: the role, and the question for it.
ROLE_ANSWERS: Mapping[str, tuple[str | None, str | None]] = {
    "the length of time": ("duration", "For how long?"),
    "the time": ("time", "For what time?"),
    "the person": ("whom", "For whom?"),
    "the device": ("device", "Which device?"),
    "on or off": ("state", "On or off?"),
    "the place": ("place", "For which place?"),
    "the thing": ("what", "What?"),
    "the number": ("value", "To what?"),
    "the language": ("language", "In which language?"),
    "nothing": (None, None),
}


class LanguageRepair:
    """A hook for `TruncationCheck` that asks a language model which role is missing.

    The model scores each answer after the command, and after no command in particular: the answer
    counts that the command makes more likely than the others, not the one that is likely anyway.

    Parameters
    ----------
    scorer : LanguageScorer
        Such as `LlamaScorer(path, prompt=ROLE_PROMPT)`.
    answers : mapping
        Role and question for each answer, like `ROLE_ANSWERS`.
    """

    def __init__(
        self,
        scorer: LanguageScorer,
        *,
        answers: Mapping[str, tuple[str | None, str | None]] = ROLE_ANSWERS,
    ) -> None:
        if not callable(getattr(scorer, "log_probabilities", None)):
            raise TypeError(f"scorer must have log_probabilities, got {scorer!r:.60}")
        if not answers:
            raise ValueError("answers must not be empty")
        self._scorer = scorer
        self._answers = dict(answers)
        self._anyway: npt.NDArray[np.float64] | None = None

    def __call__(self, transcript: str, audio: npt.NDArray[np.int16], probability: float) -> Repair:
        """Return what to ask; see `RepairHook`."""
        text = " ".join(re.findall(r"[\w']+", transcript.lower()))
        if not text:
            return Repair(NOT_UNDERSTOOD)
        if self._anyway is None:
            self._anyway = self._scores(_NO_COMMAND)
        best = int(np.argmax(self._scores(text) - self._anyway))
        role, question = list(self._answers.values())[best]
        return Repair(question, role)

    def _scores(self, text: str) -> npt.NDArray[np.float64]:
        asked = [f"{text} => {answer};" for answer in self._answers]
        return np.array(self._scorer.log_probabilities(asked, lambda: False), np.float64)
