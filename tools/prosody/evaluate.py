"""Prosody that is chosen from the sentence: training and evaluation.

    python -m tools.prosody train --data DIR --work DIR --out models/tts/prosody/prosody
    python -m tools.prosody evaluate --data DIR --work DIR --card models/tts/prosody/prosody.json
        --long-form speech/librispeech

DIR holds manifest.csv with its recordings, and trees/*.ptb. With --long-form, the dev split's
recordings in that folder of DIR, which have no transcripts, are given automatic ones and reported
as classes of their own. The work folder keeps those, alignments, contours, sentence vectors and a
checkpoint for each seed: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from pywakeword.errors import PyWakewordError
from pywakeword.tts.prosody.model import PROSODY_TASK
from pywakeword.tts.text.sentence_encoder import MiniLmEncoder, OnnxBertEncoder, SentenceEncoder
from tools.prosody import classes, evaluation, export, long_form, selection, training
from tools.prosody.corpus import Utterance, read_corpus, training_phone_means

SEEDS = (1, 2, 3)
FEWEST = 5  # utterances of a class that is reported
# What was heard is chosen for at once, or phrase by phrase.
_LONG = ("long-form (automatic transcripts)", "long-form (automatic transcripts), each phrase")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 2 on bad input."""
    parser = argparse.ArgumentParser(prog="python -m tools.prosody", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train the autoencoder and write the model")
    train.add_argument("--out", type=Path, default=Path("models/tts/prosody/prosody"))
    train.add_argument("--seed", type=int, default=SEEDS[0])
    evaluate = commands.add_parser("evaluate", help="compare the ways of choosing")
    evaluate.add_argument("--split", choices=("validation", "dev"), default="dev")
    evaluate.add_argument("--card", type=Path, help="put the figures onto this card")
    evaluate.add_argument(
        "--long-form",
        metavar="FOLDER",
        help="of the data, with long recordings that have no transcript; of its dev split",
    )
    for command in (train, evaluate):
        command.add_argument("--data", type=Path, required=True, help="folder of manifest.csv")
        command.add_argument("--work", type=Path, required=True, help="what need not be redone")
        command.add_argument("--utterances", type=int, help="at most; of the manifest's first")
        command.add_argument("--epochs", type=int, default=40)
        command.add_argument("--kl-weight", type=float, default=0.3)
        command.add_argument(
            "--bert",
            type=Path,
            nargs=2,
            metavar=("ONNX", "VOCAB"),
            help="another sentence encoder than all-MiniLM-L6-v2",
        )
    args = parser.parse_args(argv)
    if args.command == "evaluate" and args.long_form and args.split != "dev":
        parser.error("--long-form is for the final figures, of --split dev")
    torch.set_num_threads(1)
    try:
        encoder: SentenceEncoder = OnnxBertEncoder(*args.bert) if args.bert else MiniLmEncoder()
        corpus = read_corpus(args.data, args.work, args.utterances)
        return (_train if args.command == "train" else _evaluate)(args, corpus, encoder)
    except (PyWakewordError, OSError) as error:
        print(f"tools.prosody: {error}", file=sys.stderr)
        return 2


def _modules(args: argparse.Namespace, corpus: Sequence[Utterance], seed: int):  # type: ignore[no-untyped-def]
    learn = [u for u in corpus if u.split == "train"]
    name = f"prosody-{seed}-{args.epochs}-{args.kl_weight:g}-{len(learn)}.pt"
    return learn, training.train(
        learn, args.work / name, seed=seed, epochs=args.epochs, kl_weight=args.kl_weight
    )


def _train(args: argparse.Namespace, corpus: list[Utterance], encoder: SentenceEncoder) -> int:
    learn, modules = _modules(args, corpus, args.seed)
    bank = selection.make_bank(
        training.embed(modules, learn),
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
    export.write(args.out, export.decoder_onnx(modules["decoder"]), bank, card)
    print(args.out.with_suffix(".onnx"))
    return 0


def _evaluate(args: argparse.Namespace, corpus: list[Utterance], encoder: SentenceEncoder) -> int:
    held_out = [u for u in corpus if u.split == args.split]
    used = [u for u in corpus if u.split in ("train", args.split)]
    recordings, heard = [], {}
    if args.long_form:
        phone_means = training_phone_means(args.data, args.work, args.utterances)
        recordings, heard = long_form.read_long_form(
            args.data, args.work, args.long_form, phone_means
        )
    whole = [item.whole for item in recordings]
    phrases = [phrase for item in recordings for phrase in item.phrases]
    used += whole + phrases
    texts = [u.text for u in used]
    described = dict(zip(texts, selection.structures(used)))
    meant = dict(zip(texts, selection.meanings(used, encoder, args.work)))
    wrong, spreads = [], []
    long_runs: dict[str, list[dict[str, long_form.Contours]]] = {name: [] for name in _LONG}
    for seed in SEEDS:
        learn, modules = _modules(args, corpus, seed)
        decoded = evaluation.decoded_by_row(modules, learn, held_out, described, meant, seed=seed)
        wrong.append([evaluation.errors(held_out, decoded[row]) for row in evaluation.ROWS])
        spreads.append([evaluation.spread(held_out, decoded[row]) for row in evaluation.ROWS])
        if recordings:
            once, anew = (
                evaluation.decoded_by_row(modules, learn, said, described, meant, seed=seed)
                for said in (whole, phrases)
            )
            for name, contours in zip(_LONG, (once, long_form.joined(recordings, anew))):
                long_runs[name].append(contours)
    # (rows, utterances, measures): the mean over the seeds; and how far the seeds are apart.
    by_seed = np.array(wrong)
    mean, spread = by_seed.mean(axis=0), np.array(spreads).mean(axis=0)
    real = evaluation.spread(held_out, [u.contours for u in held_out])
    figures = _figures(held_out, mean, spread, real, classes.sentence_classes(args.data / "trees"))
    figures["f0_of_each_seed"] = _f0_of_each_seed(by_seed)
    lacking = list(classes.LACKING)
    if recordings:
        lacking.remove("long-form")
        figures["long_form"] = {"transcripts": heard}
        for name, runs in long_runs.items():
            figures["classes"][name], figures["long_form"][name] = _long_figures(recordings, runs)
    figures |= {"split": args.split, "seeds": list(SEEDS), "lacking": lacking}
    figures["conditions"] = (
        "contours of each phone against those that were spoken, mean of the seeds; 95 % intervals "
        f"by bootstrap over speakers; classes of less than {FEWEST} utterances are left out. No "
        "listening study has been run"
    )
    _print(figures)
    if args.card:
        document = json.loads(args.card.read_text(encoding="utf-8"))
        document["evaluation"] = figures
        args.card.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _figures(held_out, mean, spread, real, tests):  # type: ignore[no-untyped-def]
    """Tables by class: of each row the errors, the gaps that it closes, and the spread."""
    tables = {}
    for name, test in tests.items():
        index = [i for i, u in enumerate(held_out) if test(u.text)]
        tables[name] = _table(mean[:, index], [held_out[i].speaker for i in index])
    everyone = [u.speaker for u in held_out]
    return {"classes": tables, "f0_spread_semitones": _spreads(spread, real, everyone)}


def _long_figures(recordings, runs):  # type: ignore[no-untyped-def]
    """Table of the recordings, and how far F0 spreads in them, for contours of each seed."""
    whole = [item.whole for item in recordings]
    speakers = [u.speaker for u in whole]
    spoken = [u.contours for u in whole]

    def by_seed(measure):  # type: ignore[no-untyped-def]
        return np.array([[measure(run[row]) for row in evaluation.ROWS] for run in runs])

    measures = {
        "over_all_phones": partial(evaluation.spread, whole),
        "between_phrases": partial(long_form.spread_of_phrases, recordings),
    }
    spreads = {
        name: _spreads(by_seed(of).mean(axis=0), of(spoken), speakers)
        for name, of in measures.items()
    }
    wrong = by_seed(partial(evaluation.errors, whole))
    return _table(wrong.mean(axis=0), speakers), {
        "f0_spread_semitones": spreads,
        "f0_of_each_seed": _f0_of_each_seed(wrong),
    }


def _f0_of_each_seed(by_seed):  # type: ignore[no-untyped-def]
    return {
        row: [round(float(v), 3) for v in np.nanmean(by_seed[:, i, :, 0], axis=1)]
        for i, row in enumerate(evaluation.ROWS)
    }


def _table(wrong, speakers):  # type: ignore[no-untyped-def]
    """Errors of each row and the gaps that it closes, from (rows, utterances, measures)."""
    rows = evaluation.ROWS
    last = rows.index("oracle")
    table: dict[str, object] = {"utterances": len(speakers), "speakers": len(set(speakers))}
    for r, row in enumerate(rows if len(speakers) >= FEWEST else ()):
        entry = {
            measure: evaluation.interval(wrong[r, :, m], speakers).rounded()
            for m, measure in enumerate(evaluation.MEASURES)
        }
        for start in ("centroid", "random"):
            first = rows.index(start)
            entry[f"f0_gap_from_{start}_percent"] = evaluation.gap_closed(
                wrong[first, :, 0], wrong[r, :, 0], wrong[last, :, 0], speakers
            ).rounded(1)
        table[row] = entry
    return table


def _spreads(spread, real, speakers):  # type: ignore[no-untyped-def]
    found = {
        row: evaluation.interval(spread[r], speakers).rounded(2)
        for r, row in enumerate(evaluation.ROWS)
    }
    return found | {"spoken": evaluation.interval(real, speakers).rounded(2)}


def _print(figures) -> None:  # type: ignore[no-untyped-def]
    for name, table in figures["classes"].items():
        print(f"\n{name}: {table['utterances']} utterances, {table['speakers']} speakers")
        for row in evaluation.ROWS if table["utterances"] >= FEWEST else ():
            cells = [
                f"{measure} {mean:.3f} ({low:.3f} to {high:.3f})"
                for measure, (mean, low, high) in table[row].items()
            ]
            print(f"  {row:20}", "  ".join(cells))
    print("\nF0 spread, semitones:", json.dumps(figures["f0_spread_semitones"]))
    if "long_form" in figures:
        print("long-form:", json.dumps(figures["long_form"]))
    print("F0 error of each seed:", json.dumps(figures["f0_of_each_seed"]))
    print("classes that the data lacks:", ", ".join(figures["lacking"]))


if __name__ == "__main__":
    sys.exit(main())
