"""Train the network that predicts syntactic distances, and write it as ONNX with its card.

    python -m tools.syntax train --data DIR --work DIR --out models/tts/syntax

DIR holds trees/*.ptb. One document in ten is dev, for choosing settings (figures after each epoch),
and one is test, used once at the end. The work folder keeps a checkpoint; the same command resumes
an interrupted run.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pywakeword.errors import PyWakewordError
from pywakeword.models.digest import file_entry
from pywakeword.tts.text.syntax_predictor import SYNTAX_TASK, SyntaxPredictor
from tools.syntax.export import to_onnx
from tools.syntax.measure import Figures, measure, right_branching
from tools.syntax.network import Network, Shape
from tools.syntax.ranking import make_vocabulary, predict, train
from tools.syntax.treebank import Sentence, plain_text, read_documents, split

_RECORDED = ("epochs", "rate", "dropout", "seed")
_SLOWEST = 0.95  # quantile of the time per sentence


def main(argv: Sequence[str] | None = None) -> int:
    """Train, export, measure on test and write the card; 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds trees/*.ptb")
    parser.add_argument("--work", type=Path, required=True, help="folder for the checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="model without its suffix")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--dropout", type=float, default=0.4)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    try:
        learn, dev, test = split(read_documents(args.data / "trees"))
    except (PyWakewordError, OSError) as error:
        print(f"tools.syntax: {error}", file=sys.stderr)
        return 2
    vocabulary = make_vocabulary(learn)

    settings = {name: getattr(args, name) for name in _RECORDED}
    name = "-".join(f"{value:g}" for value in settings.values())
    network = train(
        learn,
        vocabulary,
        shape=Shape(),
        checkpoint=args.work / f"syntax-{name}.pt",
        after_epoch=functools.partial(_report, dev, vocabulary),
        **settings,
    )
    model, card = args.out.with_suffix(".onnx"), args.out.with_suffix(".json")
    model.parent.mkdir(parents=True, exist_ok=True)
    data = to_onnx(network, vocabulary)
    model.write_bytes(data)
    options = [f"--{name}={getattr(args, name):g}" for name in _RECORDED]
    document = {
        "format_version": 1,
        "task": SYNTAX_TASK,
        "name": args.out.name,
        "description": "Syntactic distances of English words: two bidirectional LSTM layers",
        "licence": "Apache-2.0",
        "model": file_entry(model.name, data),
        "training": {
            "command": " ".join(
                [
                    "python -m tools.syntax train --data DIR --work DIR --out models/tts/syntax",
                    *options,
                ]
            ),
            "sentences": len(learn),
            "documents": len({sentence.document for sentence in learn}),
        },
        "data": [
            {
                "kind": "constituency trees",
                "source": "amir-zeldes/gum",
                "licence": "annotation CC BY 4.0; texts CC BY 4.0 (academic, court) and CC BY 2.5 "
                "(interview, news)",
                "documents": sorted({sentence.document for sentence in learn}),
            }
        ],
    }
    # The predictor refuses a file without its card: that comes first, then once more with figures.
    card.write_text(json.dumps(document, indent=1) + "\n")
    document["evaluation"] = {
        "dev": _figures(network, dev, vocabulary).rounded() if dev else None,
        "test": _evaluate(SyntaxPredictor(model), test),
    }
    card.write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(document["evaluation"], indent=1))
    return 0


def _report(
    dev: Sequence[Sentence],
    vocabulary: dict[str, dict[str, int]],
    epoch: int,
    loss: float,
    network: Network,
) -> None:
    figures = _figures(network, dev, vocabulary).rounded() if dev else ""
    print(f"epoch {epoch + 1} loss {loss:.4f} {figures}", flush=True)


def _figures(
    network: Network, sentences: Sequence[Sentence], vocabulary: dict[str, dict[str, int]]
) -> Figures:
    gold = [sentence.distances for sentence in sentences]
    return measure(gold, predict(network, sentences, vocabulary))


def _evaluate(predictor: SyntaxPredictor, test: Sequence[Sentence]) -> dict[str, object]:
    gold = [sentence.distances for sentence in test]
    scores, times = [], []
    for sentence in test:
        begin = time.process_time()
        scores.append(predictor.scores(list(sentence.pieces)).tolist())
        times.append(time.process_time() - begin)
    found = [predictor.predict(plain_text(sentence)) for sentence in test]
    agree = [i for i, words in enumerate(found) if len(words) == len(gold[i])]
    return {
        "documents": sorted({sentence.document for sentence in test}),
        "network": measure(gold, scores).rounded(),
        "right_branching": measure(gold, [right_branching(len(d)) for d in gold]).rounded(),
        "from_plain_text": {
            "same_number_of_words": round(len(agree) / len(test), 4),
            **measure(
                [gold[i] for i in agree], [[w.score for w in found[i]] for i in agree]
            ).rounded(),
        },
        "cpu_ms_per_sentence": {
            "median": round(1e3 * float(np.median(times)), 2),
            "p95": round(1e3 * float(np.quantile(times, _SLOWEST)), 2),
            "longest_words": max(map(len, gold)),
        },
    }
