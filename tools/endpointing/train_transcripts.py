"""Train the arbitrator of transcripts, on what Whisper understands up to each pause.

    python -m tools.endpointing train-transcripts --data DIR --work DIR [--smart-turn WHEEL]

First a small network learns from text alone whether a sentence is complete: treebanks, commands
and the transcripts of train speakers, cut after any word. Then the arbitrator learns from ends,
pauses and cuts. Whisper's texts and states are kept in --work; --utterances limits the
speech that it gets (default: all). With smart-turn's wheel, smart-turn is a teacher, as in
tools.endpointing.train. Prints figures on dev speakers that are not held out, and with --ablation
those without each part of the inputs. Needs `pywakeword recognisers --install whisper-tiny`.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from pywakeword.endpointing.arbitrator import INPUTS, TASK
from pywakeword.endpointing.policy import WaitPolicy
from pywakeword.endpointing.recognisers.encoder import StreamingEncoder
from pywakeword.models.files import ENDPOINT_ROOM
from pywakeword.models.onnx import load_onnx_model
from tools.endpointing.data.corpus import read_utterances
from tools.endpointing.data.examples import Pause, cut, listen, whole
from tools.endpointing.data.features import Item, prepare
from tools.endpointing.data.recognised import RecognisedPauses, append_pickle, read_pickles
from tools.endpointing.data.texts import sentences
from tools.endpointing.figures.calibration import cross_calibrated, figures
from tools.endpointing.figures.rivals import SmartTurn
from tools.endpointing.networks.arbitration import real, tensors, truth_of
from tools.endpointing.networks.export import export_transcript_arbitrator
from tools.endpointing.networks.transcripts import (
    TRANSCRIPT_PARTS,
    TextNetwork,
    TranscriptNetwork,
    train_text,
    train_transcript_arbitrator,
    transcript_inputs,
)
from tools.endpointing.train import provenance


def main(argv: Sequence[str] | None = None) -> int:
    """Make the pauses, train, export, and print figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, required=True, help="folder of each stage's results")
    parser.add_argument("--models", type=Path, default=Path("models/endpoint"))
    parser.add_argument("--smart-turn", type=Path, metavar="WHEEL", help="the teacher")
    parser.add_argument("--size", choices=("tiny", "base"), default="tiny", help="of Whisper")
    parser.add_argument(
        "--utterances", type=int, help="of train speakers, and a third as many of dev speakers"
    )
    parser.add_argument("--ablation", action="store_true", help="train without each part too")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    limits = None if args.utterances is None else (args.utterances, args.utterances // 3)
    items = prepare(args.data, args.work, limits)
    items = [i for i in items if i.utterance.role != "held_out"]
    teacher = SmartTurn(args.smart_turn) if args.smart_turn else None
    pauses = recognised_pauses(items, args.models, args.work, args.size, teacher, args.seed)
    text = text_network(args.data, args.work, args.seed)
    heard = [p for p in pauses if p.role == "train"]
    unheard = [p for p in pauses if p.role == "other"]
    network = train_transcript_arbitrator(text, heard, unheard, seed=args.seed)
    dev = {
        "all inputs": dev_figures(network, unheard),
        "without a recogniser": small_figures(args.models, unheard),
    }
    if args.ablation:
        for part in TRANSCRIPT_PARTS:
            other = train_transcript_arbitrator(
                text, heard, unheard, seed=args.seed, without=(part,)
            )
            dev[f"without {part}"] = dev_figures(other, unheard, (part,))
    for name, row in dev.items():
        print(
            f"{name:20}"
            + "  ".join(f"{k} {v}" for k, v in row.items() if k not in ("bins", "by_kind"))
        )
    counts = Counter((p.role, p.kind) for p in pauses)
    n_train = "" if args.utterances is None else f" --utterances {args.utterances}"
    path = export_transcript_arbitrator(
        network,
        args.models,
        {
            "recogniser": f"whisper-{args.size}",
            "training": {
                "command": "python -m tools.endpointing train-transcripts --data DIR --work DIR "
                f"--smart-turn WHEEL --size {args.size}{n_train} --seed {args.seed}",
                "pauses": {" ".join(k): n for k, n in sorted(counts.items())},
                "taught": sum(not np.isnan(p.teacher) for p in pauses),
                "synthetic_share": 0.0,
            },
            "data": [
                *provenance(items),
                {"source": "amir-zeldes/gum (text)", "licence": "CC BY 4.0 / CC BY 2.5"},
            ],
            "policy": asdict(WaitPolicy()),
            "figures": {"dev": dev},
        },
    )
    print(
        path, path.stat().st_size, "bytes", json.dumps({" ".join(k): n for k, n in counts.items()})
    )
    return 0


def recognised_pauses(
    items: list[Item],
    models: Path,
    work: Path,
    size: str,
    teacher: SmartTurn | None,
    seed: int,
) -> list[Pause]:
    """Return the pauses that are long enough for a question, of whole and of cut recordings."""
    path = work / f"recognised-pauses-{size}.pickles"
    done: dict[str, list[Pause]] = dict(read_pickles(path))
    known = RecognisedPauses(work / f"whisper-{size}.pickles", size)
    encoder = StreamingEncoder(models / "encoder.onnx")
    missing = [i for i in items if i.utterance.name not in done]
    for item in tqdm(missing, desc="pauses", mininterval=10, disable=not missing):
        found = _pauses_of(item, encoder, known, teacher, seed)
        done[item.utterance.name] = found
        append_pickle(path, (item.utterance.name, found))
    return [pause for item in items for pause in done[item.utterance.name]]


def _pauses_of(
    item: Item,
    encoder: StreamingEncoder,
    known: RecognisedPauses,
    teacher: SmartTurn | None,
    seed: int,
) -> list[Pause]:
    rng = np.random.default_rng([seed, *item.utterance.name.encode()])
    versions = [whole(item, rng)]
    if item.spans.cuts and item.utterance.role == "train":
        versions.append(cut(item, rng))
    pauses = []
    for pcm, places in versions:
        for pause, place in zip(listen(encoder, item, pcm, places), places):
            if not pause.asks:
                continue
            pause.recognised = known.at(item, pcm, place)
            taught = pause.role == "train" and pause.kind != "end" and pause.adult
            if teacher is not None and taught:
                pause.teacher = teacher(pcm[: place.sample + 3200])
            pauses.append(pause)
    return pauses


def text_network(data: Path, work: Path, seed: int) -> TextNetwork:
    """Train the text network, or read it."""
    path = work / f"text-{seed}.pt"
    if path.exists():
        network = TextNetwork()
        network.load_state_dict(torch.load(path, weights_only=True))
        return network.eval()
    rng = np.random.default_rng(seed)
    network = train_text(sentences(data / "trees", read_utterances(data), rng), seed=seed)
    torch.save(network.state_dict(), path)
    return network


def dev_figures(
    network: TranscriptNetwork, pauses: list[Pause], without: Sequence[str] = ()
) -> dict[str, Any]:
    """Calibration, and areas under the curve, on real pauses."""
    kept = real(pauses)
    with torch.no_grad():
        logit: Tensor = network.logit(*transcript_inputs(kept, without))
    return _by_kind(logit, kept)


def small_figures(models: Path, pauses: list[Pause]) -> dict[str, Any]:
    """Do the same for the arbitrator without a recogniser, of `tools.endpointing train`."""
    kept = real(pauses)
    model = load_onnx_model(models / "arbitrator.onnx", TASK, room=ENDPOINT_ROOM, extra="endpoint")
    inputs, _, _ = tensors(kept)
    found = [
        model.run({n: t[i : i + 1].numpy() for n, t in zip(INPUTS, inputs)})[0][0]
        for i in range(len(inputs[0]))
    ]
    return _by_kind(torch.logit(torch.tensor(found), 1e-6), kept)


def _by_kind(logit: Tensor, pauses: list[Pause]) -> dict[str, Any]:
    """Return figures of all questions, and the Brier score of each kind of utterance."""
    probability, truth, pause_ms = cross_calibrated(logit, truth_of(pauses), pauses)
    said = np.array([p.said for p in pauses for _ in p.asks])
    row = figures(probability, truth, pause_ms)
    row["by_kind"] = {
        kind: {
            "questions": int((said == kind).sum()),
            "share_of_ends": round(float(truth[said == kind].mean()), 4),
            "brier": round(float(np.mean((probability - truth)[said == kind] ** 2)), 4),
        }
        for kind in np.unique(said).tolist()
    }
    return row
