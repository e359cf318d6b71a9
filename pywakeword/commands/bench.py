"""`pywakeword bench`: what listening costs on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from pywakeword.benchmark import (
    SpotterContender,
    Timing,
    make_peer,
    measure_rounds,
    synthetic_audio,
    system_description,
)
from pywakeword.commands.options import SubParsers
from pywakeword.wakeword import WakeWord


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench",
        help="measure the cost of listening",
        description="CPU time (user and system) of one thread, called from Python chunk by chunk.",
    )
    parser.add_argument(
        "--model",
        action="append",
        metavar="NAME|PATH",
        help="may be repeated (default: alexa, the peer's word)",
    )
    parser.add_argument("--chunk-samples", type=_positive, default=160, metavar="N")
    parser.add_argument("--seconds", type=_positive, default=60, help="audio of one round")
    parser.add_argument("--rounds", type=_positive, default=5, metavar="N")
    parser.add_argument(
        "--peer", action="store_true", help="compare with pymicro-wakeword (extra: bench)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print the result."""
    spotter = WakeWord(args.model or ["alexa"])
    contenders: list[Any] = [SpotterContender(spotter)]
    if args.peer:
        contenders.append(make_peer())
    audio = synthetic_audio(args.seconds)
    timings = measure_rounds(contenders, audio, args.chunk_samples, args.rounds)
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
    if args.peer:
        ratio = timings[0].ratio_to(timings[1])
        result["peer"] = {"name": contenders[1].name, **timings[1].figures(), "cpu_ratio": ratio}
    if args.json:
        json.dump(result, sys.stdout, indent=2)
        print()
    else:
        _print_table(result, timings)
    return 0


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
    if "peer" in result:
        ratio = result["peer"]["cpu_ratio"]
        print(
            f"  CPU time is {ratio['median']:.3f} "
            f"[{ratio['lowest']:.3f}, {ratio['highest']:.3f}] of the peer's"
        )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text!r}")
    return int(text)
