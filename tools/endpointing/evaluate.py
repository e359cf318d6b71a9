"""Compare pause only, <eos> only, two passes and smart-turn v3.2 on held-out speakers.

    pip download --no-deps pipecat-ai==1.14.0
    python -m tools.endpointing evaluate --data DIR --work DIR --smart-turn WHEEL [--json FILE]

The protocol is eot-bench's, in figures/sweep.py; pauses and ends come from alignment
and energy, or from silero-vad (--labels silero), as in other publications. Policies are chosen
and reported on different speakers. --work keeps features and scores: a second run only sweeps,
unless --again is given. --whisper also scores the arbitrator of transcripts. --kinds adds tables by
the kind of utterance, and scores all speakers that no network was trained on for them.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pywakeword.endpointing.arbitrator import NetworkArbitrator
from pywakeword.endpointing.recognisers.encoder import StreamingEncoder
from pywakeword.endpointing.recognisers.transcript_arbitrator import TranscriptArbitrator
from tools.endpointing.data.corpus import READ
from tools.endpointing.data.features import Item, prepare
from tools.endpointing.data.recognised import RecognisedPauses
from tools.endpointing.data.silero_labels import relabelled
from tools.endpointing.figures.judging import WithTranscripts, judge, judged_once, only
from tools.endpointing.figures.report import chosen_policy, figures, kind_lines, lines
from tools.endpointing.figures.rivals import SmartTurn

_N_OTHER = 1000  # all of them
_SHIPPED_CUT_OFFS = 0.05  # budget of the policy on the card


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, required=True, help="folder for features and scores")
    parser.add_argument("--smart-turn", type=Path, required=True, metavar="WHEEL")
    parser.add_argument("--models", type=Path, default=Path("models/endpoint"))
    parser.add_argument("--labels", choices=("energy", "silero"), default="energy")
    parser.add_argument("--whisper", choices=("tiny", "base"), help="score transcripts too")
    parser.add_argument("--kinds", action="store_true", help="tables by kind of utterance")
    parser.add_argument("--again", action="store_true", help="score anew")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument(
        "--write-card", action="store_true", help="put figures and policy on the arbitrator's card"
    )
    args = parser.parse_args(argv)
    if args.write_card and args.labels != "energy":
        parser.error("the card's policy and figures are by --labels energy")
    scores = args.work / ("judged.json" if args.labels == "energy" else "judged-silero.json")
    if args.again:
        scores.unlink(missing_ok=True)
    judged = judged_once(
        scores,
        lambda: judge(
            _labelled(args),
            StreamingEncoder(args.models / "encoder.onnx"),
            NetworkArbitrator(args.models / "arbitrator.onnx"),
            SmartTurn(args.smart_turn),
            _transcripts(args),
        ),
    )
    everyone = judged
    judged = only(everyone, _in_main_table)
    found = figures(judged)
    print(
        f"{found['utterances']} utterances of {found['speakers']} adults, "
        f"{found['holds']['of 100 ms']} holds of 100 ms, {found['holds']['of 200 ms']} of 200 ms"
    )
    titles = {
        "crossed": "each half of the speakers under the policy of the other half",
        "dev speakers": "dev speakers under the policy of the held-out train speakers",
        "in sample": "policy chosen on what it is reported on",
    }
    for view, title in titles.items():
        print(f"\n{title}: false cut-offs [95 %], mean latency")
        print("\n".join(lines(found, view)))
    if args.kinds:
        print("\n" + "\n".join(kind_lines(everyone)))
    print("\n" + "  ".join(f"{k} {v:.4f}" for k, v in found["cost"].items()))
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if args.write_card:
        name, scores_of = ("arbitrator", "two_pass")
        if args.whisper:
            name, scores_of = ("transcript_arbitrator", "transcript")
        card_path = args.models / f"{name}.json"
        card = json.loads(card_path.read_text(encoding="utf-8"))
        card["figures"] = {**card.get("figures", {}), **found}  # beside tools.endpointing.study's
        card["policy"] = asdict(chosen_policy(judged, _SHIPPED_CUT_OFFS, scores_of))
        card_path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return 0


def _in_main_table(utterance: dict[str, Any]) -> bool:
    return bool(utterance["role"] == "held_out" and utterance["source"] == READ)


def _transcripts(args: argparse.Namespace) -> WithTranscripts | None:
    if args.whisper is None:
        return None
    return WithTranscripts(
        RecognisedPauses(args.work / f"whisper-{args.whisper}.pickles", args.whisper),
        TranscriptArbitrator(args.models / "transcript_arbitrator.onnx"),
    )


def _labelled(args: argparse.Namespace) -> list[Item]:
    items = prepare(args.data, args.work, (0, _N_OTHER if args.kinds else 0))
    if not args.kinds:
        items = [i for i in items if i.utterance.source == READ]
    return relabelled(items) if args.labels == "silero" else items
