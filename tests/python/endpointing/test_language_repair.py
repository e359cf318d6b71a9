"""A language model that names the missing role, and the commands that measure it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from pywakeword.endpointing import ROLE_ANSWERS, FrameRepair, LanguageRepair

NO_AUDIO = np.zeros(0, np.int16)


class Model:
    """Finds one answer likely after a command, and "the time" always; keeps what it was asked."""

    def __init__(self, likely: str) -> None:
        self.likely = likely
        self.asked: list[str] = []

    def log_probabilities(
        self, texts: Sequence[str], cancelled: Callable[[], bool] = lambda: False
    ) -> list[float]:
        self.asked = list(texts)
        return [self._likely(text) for text in texts]

    def _likely(self, text: str) -> float:
        if "=> the time;" in text:
            return -0.5
        return -1.0 if f"=> {self.likely};" in text and "please" not in text else -9.0


def test_the_likely_answer_is_the_missing_role() -> None:
    model = Model("the person")
    found = LanguageRepair(model)("Send a message, to", NO_AUDIO, 0.2)
    assert (found.missing_role, found.question) == ("whom", "For whom?")
    assert model.asked[0] == "send a message to => the length of time;"
    assert len(model.asked) == len(ROLE_ANSWERS)
    assert LanguageRepair(Model("nothing"))("stop", NO_AUDIO, 0.9).question is None
    assert LanguageRepair(model)(" ", NO_AUDIO, 0.2).question == "Sorry, could you say that again?"


def test_own_answers() -> None:
    repair = LanguageRepair(Model("a colour"), answers={"a colour": ("colour", "Which colour?")})
    assert repair("paint it", NO_AUDIO, 0.2).question == "Which colour?"


def test_bad_input() -> None:
    with pytest.raises(TypeError, match="log_probabilities"):
        LanguageRepair("gemma")
    with pytest.raises(ValueError, match="answers"):
        LanguageRepair(Model("x"), answers={})


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("book a table for", "For whom, and when?"),
        ("send a message to", "To whom?"),
        ("weather in", "For which place?"),
        ("add to my list", "What should I add?"),
        ("set a timer for", "For how long?"),
    ],
)
def test_the_question_for_each_named_example(text: str, question: str) -> None:
    assert FrameRepair()(text, NO_AUDIO, 0.2).question == question
