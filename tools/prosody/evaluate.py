"""Compare the ways of choosing a prosody.

    python -m tools.prosody evaluate --data DIR --work DIR --card models/tts/prosody/prosody.json
        --long-form speech/librispeech

DIR holds manifest.csv with its recordings, and trees/*.ptb. With --long-form, recordings of the
dev split in that folder of DIR are transcribed automatically and reported as two more classes.
The work folder keeps intermediate results, so that an interrupted run can resume.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.tts.text.sentence_encoder import SentenceEncoder
from tools.prosody import classes, scores, selection
from tools.prosody.options import add_options, trained, with_corpus
from tools.prosody.recordings import long_form
from tools.prosody.recordings.corpus import Utterance, training_phone_means
from tools.prosody.scores import ROWS, Array

SEEDS = (1, 2, 3)
FEWEST = 5  # utterances; smaller classes are not reported
# Prosody chosen once for the whole recording, or for each phrase.
_LONG = ("long-form (automatic transcripts)", "long-form (automatic transcripts), each phrase")
Decoded = Mapping[str, long_form.Contours]


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate; 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--split", choices=("validation", "dev"), default="dev")
    parser.add_argument("--card", type=Path, help="write the figures to this card")
    parser.add_argument(
        "--long-form",
        metavar="FOLDER",
        help="folder of the data with long recordings without transcripts (dev split)",
    )
    add_options(parser)
    args = parser.parse_args(argv)
    if args.long_form and args.split != "dev":
        parser.error("--long-form needs --split dev")
    return with_corpus(args, _evaluate)


def _evaluate(args: argparse.Namespace, corpus: list[Utterance], encoder: SentenceEncoder) -> None:
    held_out = [u for u in corpus if u.split == args.split]
    used = [u for u in corpus if u.split in ("train", args.split)]
    recordings: list[long_form.LongForm] = []
    transcripts: dict[str, object] = {}
    if args.long_form:
        phone_means = training_phone_means(args.data, args.work, args.utterances)
        recordings, transcripts = long_form.read_long_form(
            args.data, args.work, args.long_form, phone_means
        )
    whole = [item.whole for item in recordings]
    phrases = [phrase for item in recordings for phrase in item.phrases]
    used += whole + phrases
    texts = [u.text for u in used]
    described = dict(zip(texts, selection.structures(used)))
    meant = dict(zip(texts, selection.meanings(used, encoder, args.work)))
    wrong, spreads = [], []
    long_runs: dict[str, list[Decoded]] = {name: [] for name in _LONG}
    for seed in SEEDS:
        learn, model = trained(args, corpus, seed)
        decode = partial(scores.decoded_by_row, model, learn, described, meant, seed=seed)
        decoded = decode(held_out)
        wrong.append([scores.errors(held_out, decoded[row]) for row in ROWS])
        spreads.append([scores.spread(held_out, decoded[row]) for row in ROWS])
        if recordings:
            long_runs[_LONG[0]].append(decode(whole))
            long_runs[_LONG[1]].append(long_form.joined(recordings, decode(phrases)))
    # (rows, utterances, measures): mean over the seeds.
    by_seed = np.array(wrong)
    mean, spread = by_seed.mean(axis=0), np.array(spreads).mean(axis=0)
    real = scores.spread(held_out, [u.contours for u in held_out])
    figures = _figures(held_out, mean, spread, real, classes.sentence_classes(args.data / "trees"))
    figures["f0_of_each_seed"] = _f0_of_each_seed(by_seed)
    lacking = list(classes.LACKING)
    if recordings:
        lacking.remove("long-form")
        figures["long_form"] = {"transcripts": transcripts}
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


def _figures(
    held_out: Sequence[Utterance],
    mean: Array,
    spread: Array,
    real: Array,
    tests: Mapping[str, Callable[[str], bool]],
) -> dict[str, Any]:
    """Return errors and closed gaps by class and row, and the spread of F0."""
    tables = {}
    for name, test in tests.items():
        index = [i for i, u in enumerate(held_out) if test(u.text)]
        tables[name] = _table(mean[:, index], [held_out[i].speaker for i in index])
    everyone = [u.speaker for u in held_out]
    return {"classes": tables, "f0_spread_semitones": _spreads(spread, real, everyone)}


def _long_figures(
    recordings: Sequence[long_form.LongForm], runs: Sequence[Decoded]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the table of the recordings, and the spread of their F0, from each seed's contours."""
    whole = [item.whole for item in recordings]
    speakers = [u.speaker for u in whole]
    spoken = [u.contours for u in whole]

    def by_seed(measure: Callable[[long_form.Contours], Array]) -> Array:
        return np.array([[measure(run[row]) for row in ROWS] for run in runs])

    measures: dict[str, Callable[[long_form.Contours], Array]] = {
        "over_all_phones": partial(scores.spread, whole),
        "between_phrases": partial(long_form.spread_of_phrases, recordings),
    }
    spreads = {
        name: _spreads(by_seed(of).mean(axis=0), of(spoken), speakers)
        for name, of in measures.items()
    }
    wrong = by_seed(partial(scores.errors, whole))
    return _table(wrong.mean(axis=0), speakers), {
        "f0_spread_semitones": spreads,
        "f0_of_each_seed": _f0_of_each_seed(wrong),
    }


def _f0_of_each_seed(by_seed: Array) -> dict[str, list[float]]:
    return {
        row: [round(float(v), 3) for v in np.nanmean(by_seed[:, i, :, 0], axis=1)]
        for i, row in enumerate(ROWS)
    }


def _table(wrong: Array, speakers: Sequence[str]) -> dict[str, Any]:
    """Return errors of each row and the gaps it closes, from (rows, utterances, measures)."""
    last = ROWS.index("oracle")
    table: dict[str, Any] = {"utterances": len(speakers), "speakers": len(set(speakers))}
    for r, row in enumerate(ROWS if len(speakers) >= FEWEST else ()):
        entry = {
            measure: scores.interval(wrong[r, :, m], speakers).rounded()
            for m, measure in enumerate(scores.MEASURES)
        }
        for start in ("centroid", "random"):
            first = ROWS.index(start)
            entry[f"f0_gap_from_{start}_percent"] = scores.gap_closed(
                wrong[first, :, 0], wrong[r, :, 0], wrong[last, :, 0], speakers
            ).rounded(1)
        table[row] = entry
    return table


def _spreads(
    spread: npt.NDArray[np.float64], real: Array, speakers: Sequence[str]
) -> dict[str, list[float]]:
    found = {row: scores.interval(spread[r], speakers).rounded(2) for r, row in enumerate(ROWS)}
    return found | {"spoken": scores.interval(real, speakers).rounded(2)}


def _print(figures: Mapping[str, Any]) -> None:
    for name, table in figures["classes"].items():
        print(f"\n{name}: {table['utterances']} utterances, {table['speakers']} speakers")
        for row in ROWS if table["utterances"] >= FEWEST else ():
            cells = [
                f"{measure} {mean:.3f} ({low:.3f} to {high:.3f})"
                for measure, (mean, low, high) in table[row].items()
            ]
            print(f"  {row:20}", "  ".join(cells))
    print("\nF0 spread, semitones:", json.dumps(figures["f0_spread_semitones"]))
    if "long_form" in figures:
        print("long-form:", json.dumps(figures["long_form"]))
    print("F0 error of each seed:", json.dumps(figures["f0_of_each_seed"]))
    print("classes without data:", ", ".join(figures["lacking"]))
