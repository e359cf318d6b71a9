"""Process a long stream of wake words, commands with pauses and noise: each utterance once.

    python -m tools.endpointing long-stream --data DIR [--work DIR] [--two-pass] [--wav FILE]
    python -m tools.endpointing long-stream --spoken --minutes 2

The stream has dev takes, or speech of espeak-ng and flite. After each wake word a command
follows, at once, after a moment, or not at all. Many commands have a pause, shorter or longer
than the one that ends an utterance (an early End is then taken back). --level-db, --television-db
and --sneezes make it harder, with the same commands. Prints the result of each
utterance and exits with 1 unless each was reported exactly once. With --two-pass, the arbitrator
decides the ends (extra endpoint).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from pywakeword import (
    Endpointer,
    NetworkArbitrator,
    Request,
    RequestListener,
    StreamingEncoder,
    TwoPassEndpointer,
    Utterance,
    WakeWord,
)
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from tools.endpointing.data.stream import (
    WORDS,
    Conditions,
    Truth,
    dev_material,
    make_stream,
    spoken_material,
)

TOLERANCE_S = 0.35
_BLOCK = 8000


def judge(requests: Sequence[Request], truths: Sequence[Truth]) -> Iterator[tuple[str, float]]:
    """Yield the result of each truth, and of each request without a truth, with its time."""
    left = list(requests)
    for truth in truths:
        near = [r for r in left if _overlaps(r, truth)]
        left = [r for r in left if r not in near]
        yield _became(near, truth), truth.word_begin / SAMPLE_RATE_HZ
    for request in left:
        yield "detection without a word", request.detection.start_sample / SAMPLE_RATE_HZ


def _became(near: list[Request], truth: Truth) -> str:
    said = [r.outcome for r in near if isinstance(r.outcome, Utterance)]
    if not near:
        return "wake word missed"
    if truth.begin is None or truth.end is None:
        return "speech where none was" if said else "no command, none reported"
    if not said:
        return "utterance missed"
    if len(said) > 1:
        return "utterance came more than once"
    early = (truth.end - said[0].end_sample) / SAMPLE_RATE_HZ
    late_start = (said[0].start_sample - truth.begin) / SAMPLE_RATE_HZ
    if early > TOLERANCE_S:
        return "utterance cut short"
    if late_start > TOLERANCE_S:
        return "once, without its beginning"
    return "once, with what is not speech" if early < -TOLERANCE_S else "once"


def _overlaps(request: Request, truth: Truth) -> bool:
    end = truth.word_end if truth.end is None else truth.end
    return truth.word_begin - 8000 <= request.detection.start_sample < end


def listen(
    pcm: npt.NDArray[np.int16], endpointer: Endpointer | TwoPassEndpointer | None = None
) -> list[Request]:
    """Return all requests of a stream."""
    listener = RequestListener(WakeWord(list(WORDS)), endpointer or Endpointer())
    found = [f for i in range(0, len(pcm), _BLOCK) for f in listener.process(pcm[i : i + _BLOCK])]
    return [f for f in (*found, *listener.close()) if isinstance(f, Request)]


def _two_pass(models: Path | None) -> TwoPassEndpointer:
    if models is None:
        return TwoPassEndpointer()
    return TwoPassEndpointer(
        eos_source=StreamingEncoder(models / "encoder.onnx"),
        arbitrator=NetworkArbitrator(models / "arbitrator.onnx"),
    )


def _endings(requests: Sequence[Request]) -> dict[str, int]:
    """Count the reasons why utterances ended."""
    reasons = Counter(r.outcome.reason for r in requests if isinstance(r.outcome, Utterance))
    return dict(sorted(reasons.items()))


def main(argv: Sequence[str] | None = None) -> int:
    """Make a stream, listen to it and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="directory with manifest.csv")
    source.add_argument("--spoken", action="store_true", help="speech of espeak-ng and flite")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--ratio-db", type=float, default=20.0, help="speech to noise")
    parser.add_argument(
        "--level-db", type=float, default=0.0, help="commands softer and louder than their word"
    )
    parser.add_argument(
        "--television-db", type=float, help="other people's speech, so much softer, throughout"
    )
    parser.add_argument("--sneezes", action="store_true", help="after each command")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--work", type=Path, help="keep alignments here")
    parser.add_argument("--two-pass", action="store_true", help="with the arbitrator")
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="with --two-pass: encoder.onnx and arbitrator.onnx",
    )
    parser.add_argument("--wav", type=Path, help="keep the stream")
    args = parser.parse_args(argv)
    material = spoken_material(args.seed) if args.spoken else dev_material(args.data, args.work)
    endpointer = _two_pass(args.models) if args.two_pass else Endpointer()
    rng = np.random.default_rng(args.seed)
    conditions = Conditions(args.level_db, args.television_db, args.sneezes)
    if args.sneezes and not material.sneezes:
        parser.error("--sneezes needs recordings: --data")
    pcm, truths = make_stream(material, args.minutes, args.ratio_db, rng, conditions)
    if args.wav:
        soundfile.write(args.wav, pcm, SAMPLE_RATE_HZ)
    began = time.process_time()
    requests = listen(pcm, endpointer)
    cpu_s = time.process_time() - began
    became = list(judge(requests, truths))
    counts = Counter(kind for kind, _ in became)
    good = ("once", "no command, none reported")
    for kind, at_s in became:
        if kind not in good:
            print(f"{at_s:8.2f} s  {kind}", file=sys.stderr)
    print(
        json.dumps(
            {
                "minutes": round(len(pcm) / SAMPLE_RATE_HZ / 60, 2),
                "ratio_db": args.ratio_db,
                **asdict(conditions),
                "endings": _endings(requests),
                "wake_words": len(truths),
                "utterances": sum(t.end is not None for t in truths),
                "joined": sum(
                    isinstance(r.outcome, Utterance) and r.outcome.n_resumed > 0 for r in requests
                ),
                "cpu_s_per_s": round(cpu_s * SAMPLE_RATE_HZ / len(pcm), 5),
                **dict(sorted(counts.items())),
            },
            indent=1,
        )
    )
    return 0 if set(counts) <= set(good) else 1
