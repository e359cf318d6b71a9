"""`pywakeword bench`: measures the cost of detection on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from pywakeword.audio import PcmBlock
from pywakeword.commands._options import SubParsers
from pywakeword.measure.benchmark import (
    Timing,
    measure_limit,
    measure_rounds,
    synthetic_audio,
    system_description,
)
from pywakeword.measure.contenders import EndpointerContender, SpotterContender, make_peer
from pywakeword.models.foreign import community_kind
from pywakeword.wakeword import WakeWord


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench",
        help="measure CPU time and memory of detection",
        description="CPU time (user and system) of one thread, called from Python chunk by chunk.",
    )
    parser.add_argument(
        "--model",
        action="append",
        metavar="NAME|PATH",
        help="model to measure; may be repeated (default: alexa, the peer's word)",
    )
    parser.add_argument("--chunk-samples", type=_positive, default=160, metavar="N")
    parser.add_argument("--seconds", type=_positive, default=60, help="audio per round")
    parser.add_argument("--rounds", type=_positive, default=5, metavar="N")
    parser.add_argument(
        "--peer", action="store_true", help="compare with pymicro-wakeword (extra: bench)"
    )
    parser.add_argument(
        "--endpointer",
        action="store_true",
        help="measure the endpointer as well",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print the result."""
    models = args.model or ["alexa"]
    spotter = WakeWord(models)
    contenders: dict[str, Any] = {"all": SpotterContender(spotter)}
    if len(models) > 1:
        contenders["first"] = SpotterContender(WakeWord(models[0]), "first word alone")
    if args.endpointer:
        contenders["endpointer"] = EndpointerContender(WakeWord(models[0]))
    if args.peer:
        contenders["peer"] = make_peer()
    audio = synthetic_audio(args.seconds)
    timings = measure_rounds(list(contenders.values()), audio, args.chunk_samples, args.rounds)
    timed = dict(zip(contenders, timings))
    first = timed.get("first", timed["all"])
    result = {
        **system_description(),
        "keywords": list(spotter.keywords),
        "chunk_samples": args.chunk_samples,
        "audio_s": args.seconds,
        "rounds": args.rounds,
        **timings[0].figures(),
        "stream_bytes": spotter.nbytes,
        "history_bytes": spotter.history_nbytes,
        "detections": timings[0].n_detections,
    }
    if community_kind(models[0]) is None:
        result["limit"] = _limit(models[0], audio, first)
    if "first" in timed:
        result["further_word_ratio"] = timed["all"].further_ratio(first, len(models) - 1)
    if args.endpointer:
        result["endpointer_ratio"] = timed["endpointer"].further_ratio(first, 1)
    if args.peer:
        peer = timed["peer"]
        result["peer"] = {
            "name": peer.name,
            **peer.figures(),
            "cpu_ratio": timed["all"].ratio_to(peer),
        }
    if args.json:
        json.dump(result, sys.stdout, indent=2)
        print()
    else:
        _print_table(result, timings)
    return 0


def _limit(model: str, audio: PcmBlock, first: Timing) -> dict[str, float]:
    """Compare a model of the core with what the machine could do."""
    limit = measure_limit(model, audio)
    return {
        "ns_per_frame": limit.ns_per_frame,
        "front_end_ns": limit.front_end_ns,
        "peak_gmacs_per_s": limit.peak_macs_per_s / 1e9,
        "first_word_ratio": first.figures()["ns_per_frame"]["median"] / limit.ns_per_frame,
    }


def _print_table(result: dict[str, Any], timings: list[Timing]) -> None:
    print(f"pywakeword {result['version']}, {result['isa']}, {result['cpu']}")
    print(
        f"{', '.join(result['keywords'])}: {result['rounds']} rounds of {result['audio_s']} s in "
        f"chunks of {result['chunk_samples']} samples, one thread; median [lowest, highest]"
    )
    for timing in timings:
        figures = timing.figures()
        factor, per_frame = figures["real_time_factor"], figures["ns_per_frame"]
        print(
            f"  {timing.name}: real-time factor {factor['median']:.6f} "
            f"[{factor['lowest']:.6f}, {factor['highest']:.6f}], "
            f"{per_frame['median']:.0f} ns per 10 ms frame"
        )
    print(f"  {result['stream_bytes']} bytes per stream and {result['history_bytes']} of history")
    print(f"  {result['detections']} detections")
    if "limit" in result:
        limit = result["limit"]
        print(
            f"  one word takes {limit['first_word_ratio']:.2f} times the limit of this machine: "
            f"{limit['front_end_ns']:.0f} ns of front end, and the network's operations at "
            f"{limit['peak_gmacs_per_s']:.0f} GMAC/s"
        )
    if "further_word_ratio" in result:
        print(f"  each further word adds {_range(result['further_word_ratio'])} of the first")
    if "endpointer_ratio" in result:
        print(f"  the endpointer adds {_range(result['endpointer_ratio'])} of the first word")
    if "peer" in result:
        print(f"  CPU time is {_range(result['peer']['cpu_ratio'])} of the peer's")


def _range(figures: dict[str, float]) -> str:
    return f"{figures['median']:.3f} [{figures['lowest']:.3f}, {figures['highest']:.3f}]"


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text!r}")
    return int(text)
