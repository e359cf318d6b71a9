"""`HypothesisReranker`: orders hypotheses by acoustic score, language score, length, phrases."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pywakeword._checks import NotCopied, check_number
from pywakeword.endpointing.recognisers.transcript import Hypothesis, Reranked
from pywakeword.endpointing.recognisers.worker import WorkerThread

FEATURES = ("acoustic", "language", "length", "phrase")


class LanguageScorer(Protocol):
    """A language model that says how likely texts are."""

    def log_probabilities(self, texts: Sequence[str], cancelled: Callable[[], bool]) -> list[float]:
        """Return the log probability of each whole text; stop if `cancelled()` becomes true."""


@dataclass(frozen=True)
class RerankWeights:
    """Weights of the features; `python -m tools.endpointing rerank` learns them.

    Attributes
    ----------
    acoustic, language : float
        Of the recogniser's and the language model's log probability of the whole text.
    length : float
        Per word: language models prefer short texts.
    phrase : float
        If the text is one of the application's phrases.
    """

    acoustic: float = 1.0
    language: float = 0.2
    length: float = 0.0
    phrase: float = 3.0

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> RerankWeights:
        """Read a JSON file that `python -m tools.endpointing rerank` wrote.

        Raises
        ------
        ValueError
            If it is not such a file.
        """
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(**found["weights"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} has no weights of a reranker: {error}") from None

    def __post_init__(self) -> None:
        for field in fields(self):
            check_number(field.name, getattr(self, field.name))
            if not math.isfinite(getattr(self, field.name)):
                raise ValueError(f"{field.name} must be finite")


class HypothesisReranker(NotCopied):
    """Reranks n-best lists with a language model, within a deadline.

    The language model runs in a thread of its own. After the deadline the recogniser's order
    is returned, with the reason "deadline".

    Parameters
    ----------
    scorer : LanguageScorer
        `LlamaScorer`, `CompletionsScorer`, or your own.
    weights : RerankWeights
        Weights of the features.
    phrases : collection of str
        The application's own commands.
    deadline_s : float
        Longest time that `rerank` takes.
    """

    def __init__(
        self,
        scorer: LanguageScorer,
        *,
        weights: RerankWeights = RerankWeights(),
        phrases: Collection[str] = (),
        deadline_s: float = 0.5,
    ) -> None:
        if not callable(getattr(scorer, "log_probabilities", None)):
            raise TypeError(f"scorer must have log_probabilities, got {scorer!r:.60}")
        check_number("deadline_s", deadline_s)
        if not 0 < deadline_s < 3600:
            raise ValueError(f"deadline_s must be above 0 and below 3600, got {deadline_s!r}")
        if isinstance(phrases, str):
            raise TypeError("phrases must be a collection of str, got one str")
        self._scorer = scorer
        self._weights = weights
        self._phrases = frozenset(map(spoken_words, phrases))
        self._deadline_s = deadline_s
        self._worker: WorkerThread[list[float]] = WorkerThread("pywakeword-reranker")

    def rerank(self, hypotheses: Sequence[Hypothesis]) -> Reranked:
        """Return the hypotheses, best first."""
        given = tuple(hypotheses)
        if len(given) < 2:
            return Reranked(given, (), "one")
        texts = [hypothesis.text for hypothesis in given]
        job = self._worker.submit(
            lambda cancelled: _checked(self._scorer.log_probabilities(texts, cancelled), texts)
        )
        try:
            language = job.future.result(self._deadline_s)
        except FutureTimeoutError:
            job.cancel()
            return Reranked(given, (), "deadline")
        except Exception as error:
            return Reranked(given, (), "failed", error)
        sums = features(given, language, self._phrases) @ np.array(
            [getattr(self._weights, name) for name in FEATURES]
        )
        order = sorted(range(len(given)), key=lambda i: -sums[i])  # stable: ties keep the order
        return Reranked(
            tuple(given[i] for i in order), tuple(float(sums[i]) for i in order), "reranked"
        )

    def close(self) -> None:
        """End the thread; a language model that hangs is left behind."""
        self._worker.close()


def features(
    hypotheses: Sequence[Hypothesis], language: Sequence[float], phrases: Collection[str] = ()
) -> npt.NDArray[np.float64]:
    """Return the features, (n_hypotheses, 4), in the order of `FEATURES`."""
    rows = [
        (
            hypothesis.score * hypothesis.n_tokens,
            score,
            len(hypothesis.text.split()),
            spoken_words(hypothesis.text) in phrases,
        )
        for hypothesis, score in zip(hypotheses, language)
    ]
    return np.array(rows, np.float64).reshape(-1, len(FEATURES))


def spoken_words(text: str) -> str:
    """Return a text in lower case without punctuation, for comparison."""
    return " ".join(re.findall(r"[\w']+", text.lower()))


def _checked(scores: list[float], texts: Sequence[str]) -> list[float]:
    if len(scores) != len(texts) or not all(map(math.isfinite, scores)):
        raise ValueError(f"the language model gave {scores!r:.80} for {len(texts)} texts")
    return scores
