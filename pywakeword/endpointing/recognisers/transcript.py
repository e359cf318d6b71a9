"""What a recogniser returns: hypotheses with scores, word times, and its encoding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from pywakeword.errors import RecogniserError


@dataclass(frozen=True)
class Hypothesis:
    """One reading of the speech.

    Attributes
    ----------
    text : str
        The words, with the recogniser's punctuation.
    score : float
        Mean log probability per token.
    n_tokens : int
        Tokens of the recogniser, the end included.
    """

    text: str
    score: float
    n_tokens: int


@dataclass(frozen=True)
class Word:
    """One word of the best hypothesis, and where it is.

    Attributes
    ----------
    text : str
        The word with its punctuation.
    start_sample, end_sample : int
        In a `Recognition`, from the start of the given audio; in a `Transcript`, of the stream.
        From Whisper, a pause counts to the word after it.
    """

    text: str
    start_sample: int
    end_sample: int


@dataclass(frozen=True, eq=False)
class Recognition:
    """The answer of a `Recogniser`.

    Attributes
    ----------
    hypotheses : tuple of Hypothesis
        Best first; empty if it understood nothing.
    words : tuple of Word
        Words of the first hypothesis; empty if the recogniser has no times.
    frames : (n_frames, n_dims) ndarray of float32
        Encoding of the last seconds of the audio.
    frame_samples : int
        Samples per frame.
    """

    hypotheses: tuple[Hypothesis, ...]
    words: tuple[Word, ...]
    frames: npt.NDArray[np.float32]
    frame_samples: int


@dataclass(frozen=True)
class Transcript:
    """What was said in a part of the stream.

    Attributes
    ----------
    hypotheses : tuple of Hypothesis
        Best first; empty if nothing was understood.
    words : tuple of Word
        Words of the first hypothesis, with their samples in the stream; empty if the reranker
        put another one first.
    begin_sample, end_sample : int
        The audio that was transcribed, the wake word included.
    reranked : Reranked or None
        What the reranker did; None without one.
    """

    hypotheses: tuple[Hypothesis, ...]
    words: tuple[Word, ...]
    begin_sample: int
    end_sample: int
    reranked: Reranked | None = None

    @property
    def text(self) -> str:
        """Text of the best hypothesis; empty if nothing was understood."""
        return self.hypotheses[0].text if self.hypotheses else ""


@dataclass(frozen=True)
class Reranked:
    """The hypotheses in their new order.

    Attributes
    ----------
    hypotheses : tuple of Hypothesis
        Best first. They keep the recogniser's scores.
    scores : tuple of float
        The weighted sums; empty if nothing was reranked.
    reason : {"reranked", "one", "deadline", "failed"}
        "one": there was no choice. "deadline": the language model was too slow, and "failed":
        it failed. The recogniser's order then stays.
    error : Exception or None
        Why it failed.
    """

    hypotheses: tuple[Hypothesis, ...]
    scores: tuple[float, ...]
    reason: Literal["reranked", "one", "deadline", "failed"]
    error: BaseException | None = None


class Reranker(Protocol):
    """Orders hypotheses; `HypothesisReranker` does."""

    def rerank(self, hypotheses: Sequence[Hypothesis]) -> Reranked:
        """Return the hypotheses, best first; in their own order if that fails."""


class Recogniser(Protocol):
    """Transcribes one piece of speech. It is called in a thread of its own."""

    def recognise(
        self, pcm: npt.NDArray[np.int16], cancelled: Callable[[], bool]
    ) -> Recognition | None:
        """Transcribe mono 16 kHz speech; return None if `cancelled()` became true."""


def check_recognition(found: object) -> Recognition:
    """Return a recogniser's answer, or raise `RecogniserError` if it is not usable."""
    if not isinstance(found, Recognition):
        raise RecogniserError(f"the recogniser must return a Recognition, got {found!r:.60}")
    for hypothesis in found.hypotheses:
        if not isinstance(hypothesis, Hypothesis) or not isinstance(hypothesis.text, str):
            raise RecogniserError(f"the recogniser's hypothesis is malformed: {hypothesis!r:.60}")
        if not math.isfinite(hypothesis.score):
            raise RecogniserError(f"the recogniser's score is not finite: {hypothesis.score}")
    frames = found.frames
    if not isinstance(frames, np.ndarray) or frames.ndim != 2 or not np.isfinite(frames).all():
        raise RecogniserError("the recogniser's encoding is not a finite (n_frames, n_dims) array")
    return found
