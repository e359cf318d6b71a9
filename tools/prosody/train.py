"""Train the autoencoder and write the model with its bank and card.

    python -m tools.prosody train --data DIR --work DIR --out models/tts/prosody/prosody

DIR holds manifest.csv and its recordings. The work folder keeps alignments, contours, sentence
vectors and a checkpoint, so that an interrupted run can resume.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from pywakeword.tts.prosody.model import PROSODY_TASK
from pywakeword.tts.text.sentence_encoder import SentenceEncoder
from tools.prosody import export, selection, training
from tools.prosody.options import add_options, trained, with_corpus
from tools.prosody.recordings.corpus import Utterance


def main(argv: Sequence[str] | None = None) -> int:
    """Train; 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path("models/tts/prosody/prosody"))
    parser.add_argument("--seed", type=int, default=1)
    add_options(parser)
    return with_corpus(parser.parse_args(argv), _train)


def _train(args: argparse.Namespace, corpus: list[Utterance], encoder: SentenceEncoder) -> None:
    learn, model = trained(args, corpus, args.seed)
    bank = selection.make_bank(
        training.embed(model, learn),
        selection.structures(learn),
        selection.meanings(learn, encoder, args.work),
    )
    card = {
        "format_version": 1,
        "task": PROSODY_TASK,
        "name": args.out.name,
        "description": "Decoder of a variational autoencoder of prosody (log F0, energy and "
        "duration of each phone), and the embeddings of its training utterances",
        "licence": "Apache-2.0",
        "bank": {"encoder": encoder.name, "utterances": len(learn)},
        "training": {
            "command": "python -m tools.prosody train --data DIR --work DIR "
            f"--seed {args.seed} --epochs {args.epochs} --kl-weight {args.kl_weight:g}"
            + (f" --utterances {args.utterances}" if args.utterances else ""),
            "speakers": len({u.speaker for u in learn}),
            "utterances": len(learn),
        },
        "data": [
            {
                "kind": "read English by learners, half of them children, with transcripts",
                "source": "jimbozhang/speechocean762",
                "licence": "free for commercial and non-commercial use",
            }
        ],
    }
    export.write(args.out, export.decoder_onnx(model.decoder), bank, card)
    print(args.out.with_suffix(".onnx"))
