"""Options, error handling and the trained model that both verbs share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from pywakeword.errors import PyWakewordError
from pywakeword.tts.text.sentence_encoder import MiniLmEncoder, OnnxBertEncoder, SentenceEncoder
from tools.prosody import training
from tools.prosody.network import Autoencoder
from tools.prosody.recordings.corpus import Utterance, read_corpus

Run = Callable[[argparse.Namespace, list[Utterance], SentenceEncoder], None]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of data, work folder and training."""
    parser.add_argument("--data", type=Path, required=True, help="folder of manifest.csv")
    parser.add_argument("--work", type=Path, required=True, help="folder for intermediate results")
    parser.add_argument("--utterances", type=int, help="use only the first N of the manifest")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--kl-weight", type=float, default=0.3)
    parser.add_argument(
        "--bert",
        type=Path,
        nargs=2,
        metavar=("ONNX", "VOCAB"),
        help="sentence encoder instead of all-MiniLM-L6-v2",
    )


def with_corpus(args: argparse.Namespace, run: Run) -> int:
    """Read the corpus and run a verb; 2 on bad input."""
    torch.set_num_threads(1)
    try:
        encoder: SentenceEncoder = OnnxBertEncoder(*args.bert) if args.bert else MiniLmEncoder()
        run(args, read_corpus(args.data, args.work, args.utterances), encoder)
    except (PyWakewordError, OSError) as error:
        print(f"tools.prosody: {error}", file=sys.stderr)
        return 2
    return 0


def trained(
    args: argparse.Namespace, corpus: Sequence[Utterance], seed: int
) -> tuple[list[Utterance], Autoencoder]:
    """Return the training utterances and the model, trained if the work folder lacks it."""
    learn = [u for u in corpus if u.split == "train"]
    name = f"prosody-{seed}-{args.epochs}-{args.kl_weight:g}-{len(learn)}.pt"
    return learn, training.train(
        learn, args.work / name, seed=seed, epochs=args.epochs, kl_weight=args.kl_weight
    )
