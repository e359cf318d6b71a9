"""Learn the weights of the reranker, and compare first hypothesis, reranked and oracle.

    python -m tools.endpointing rerank --model GGUF --train FILE --report FILE [--out WEIGHTS]

The files are those of `transcribe`: --train of the split train, --report of dev. Hypotheses that
differ in punctuation only count as one. The weights of the language score and the length are
those with the fewest word errors on the training lists, on a grid; the acoustic weight is 1. The
scores of the language model are kept beside the lists. Times are CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword.endpointing import Hypothesis, LlamaScorer, RerankWeights
from pywakeword.endpointing.reranking import FEATURES, features
from tools.endpointing.figures.word_errors import distance, words_of
from tools.endpointing.transcribe import read_rows

_LANGUAGE = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8)
_LENGTH = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)


@dataclasses.dataclass(frozen=True)
class ScoredList:
    """An n-best list: its condition, features, word errors, and the number of words said."""

    condition: str
    features: np.ndarray[Any, np.dtype[np.float64]]
    errors: np.ndarray[Any, np.dtype[np.int64]]
    n_words: int


def main(argv: Sequence[str] | None = None) -> int:
    """Learn, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, required=True, help="language model, GGUF")
    parser.add_argument("--train", type=Path, required=True, help="n-best lists to learn from")
    parser.add_argument("--report", type=Path, required=True, help="n-best lists to report on")
    parser.add_argument("--out", type=Path, help="write the weights here")
    args = parser.parse_args(argv)
    scorer = LlamaScorer(args.model)
    weights = learn(scored_lists(scorer, args.train))
    print("weights: " + "  ".join(f"{name} {getattr(weights, name):g}" for name in FEATURES))
    if args.out is not None:
        text = json.dumps({"weights": dataclasses.asdict(weights)}, indent=1)
        args.out.write_text(text + "\n", encoding="utf-8")
    print(table(scored_lists(scorer, args.report), weights))
    return 0


def scored_lists(scorer: LlamaScorer, path: Path) -> list[ScoredList]:
    """Score the lists of a file; scores that are there already are used."""
    store = path.with_suffix(".scores.json")
    known: dict[str, float] = json.loads(store.read_text("utf-8")) if store.exists() else {}
    lists, cpu_s, n_new = [], 0.0, 0
    for row in read_rows(path):
        hypotheses = different(row["hypotheses"])
        new = [h.text for h in hypotheses if h.text not in known] if len(hypotheses) > 1 else []
        started = time.process_time()
        known.update(zip(new, scorer.log_probabilities(new)))
        cpu_s, n_new = cpu_s + time.process_time() - started, n_new + len(new)
        store.write_text(json.dumps(known), encoding="utf-8")
        said = words_of(row["text"])
        lists.append(
            ScoredList(
                row["condition"],
                features(hypotheses, [known.get(h.text, 0.0) for h in hypotheses]),
                np.array([distance(said, words_of(h.text)) for h in hypotheses] or [len(said)]),
                len(said),
            )
        )
    if n_new:
        print(f"{path.name}: {n_new} texts scored, {1000 * cpu_s / n_new:.0f} ms of CPU time each")
    return lists


def different(rows: Sequence[dict[str, Any]]) -> list[Hypothesis]:
    """Return the hypotheses that differ in words, each with its best score."""
    found: dict[tuple[str, ...], Hypothesis] = {}
    for row in rows:
        found.setdefault(tuple(words_of(row["text"])), Hypothesis(**row))
    return list(found.values())


def learn(lists: Sequence[ScoredList]) -> RerankWeights:
    """Return the weights with the fewest word errors; the smallest of equal ones."""

    def cost(weights: RerankWeights) -> tuple[int, float]:
        wrong = sum(int(item.errors[best(item, weights)]) for item in lists)
        return wrong, abs(weights.language) + abs(weights.length)

    grid = itertools.product(_LANGUAGE, _LENGTH)
    return min((RerankWeights(1.0, language, length) for language, length in grid), key=cost)


def best(item: ScoredList, weights: RerankWeights) -> int:
    """Return the index of the hypothesis that comes first."""
    if len(item.features) == 0:
        return 0
    return int(np.argmax(item.features @ [getattr(weights, name) for name in FEATURES]))


def table(lists: Sequence[ScoredList], weights: RerankWeights) -> str:
    """Return word errors of the first hypothesis, the reranked one and the oracle."""
    lines = [
        "| condition | lists | with a choice | first | reranked | oracle |",
        "|---|---|---|---|---|---|",
    ]
    for condition in (*dict.fromkeys(item.condition for item in lists), "all"):
        chosen = [item for item in lists if condition in ("all", item.condition)]
        n_words = sum(item.n_words for item in chosen)
        choice = sum(len(item.errors) > 1 for item in chosen)
        wrong = (
            sum(int(item.errors[0]) for item in chosen),
            sum(int(item.errors[best(item, weights)]) for item in chosen),
            sum(int(item.errors.min()) for item in chosen),
        )
        cells = " | ".join(f"{100 * errors / n_words:.1f} %" for errors in wrong)
        lines.append(f"| {condition} | {len(chosen)} | {choice} | {cells} |")
    return "\n".join(lines)
