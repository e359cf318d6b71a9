"""Measures predicted distances against those of gold trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.tts.text.syntax import distances_from_scores, spans


@dataclass(frozen=True)
class Figures:
    """Figures over all sentences.

    `pair_order` ignores pairs that are equal in the gold tree; pairs predicted equal are wrong.
    `bracket_f1` counts constituents of the binary trees, except single words and whole sentences.
    """

    sentences: int
    words: int
    pair_order: float
    pair_order_of_scores: float
    bracket_f1: float
    bracket_f1_with_sentence: float

    def rounded(self) -> dict[str, float]:
        """Return the figures for a card."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def measure(gold: Sequence[Sequence[int]], scores: Sequence[Sequence[float]]) -> Figures:
    """Compare scores with gold distances."""
    right = {"trees": 0, "scores": 0}
    n_pairs = n_common = n_spans = n_sentences = 0
    for true, score in zip(gold, scores):
        predicted = distances_from_scores(score)
        upper = np.triu_indices(len(true) - 1, 1)
        order = _order(true)[upper]
        n_pairs += int(np.count_nonzero(order))
        for name, values in (("trees", predicted), ("scores", score)):
            right[name] += int(np.count_nonzero((_order(values)[upper] == order) & (order != 0)))
        # Binary trees of n words have n - 1 constituents each, the sentence among them.
        n_common += len(spans(true) & spans(predicted))
        n_spans += len(true) - 1
        n_sentences += len(true) > 1
    return Figures(
        sentences=len(gold),
        words=sum(map(len, gold)),
        pair_order=right["trees"] / n_pairs,
        pair_order_of_scores=right["scores"] / n_pairs,
        bracket_f1=(n_common - n_sentences) / (n_spans - n_sentences),
        bracket_f1_with_sentence=n_common / n_spans,
    )


def right_branching(n_words: int) -> list[float]:
    """Return the distances of the right-branching tree."""
    return [0.0, *(float(n_words - i) for i in range(1, n_words))]


def _order(values: Sequence[float]) -> npt.NDArray[np.int64]:
    tail = np.asarray(values, dtype=np.float64)[1:]
    # Comparisons instead of differences: scores may be infinite.
    return (tail[:, None] > tail[None, :]).astype(int) - (tail[:, None] < tail[None, :])
