"""`pywakeword detect`: wake words in files or in a pipe."""

from __future__ import annotations

import argparse
import json
from typing import Any

from pywakeword.audio import FileSource, StdinSource
from pywakeword.commands.options import SubParsers, add_spotter_options, make_spotter
from pywakeword.events import Detection
from pywakeword.scanning import detections


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "detect",
        help="find wake words in audio files or a pipe",
        description="Find wake words. Files of any rate and channel count; '-' reads raw 16 kHz "
        "mono 16-bit PCM from standard input as it arrives.",
    )
    parser.add_argument("file", nargs="+", metavar="FILE", help="audio file, or - for stdin")
    add_spotter_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each detection as soon as it is made."""
    spotter = make_spotter(args)
    for name in args.file:
        source = StdinSource() if name == "-" else FileSource(name)
        for detection in detections(spotter, source):
            print(_line(name, detection, spotter.sample_rate, args.json), flush=True)
    return 0


def _line(name: str, detection: Detection, sample_rate_hz: int, as_json: bool) -> str:
    record: dict[str, Any] = {
        "file": name,
        "keyword": detection.keyword,
        "score": detection.score,
        "start": detection.start_sample / sample_rate_hz,
        "end": detection.end_sample / sample_rate_hz,
        "detected": detection.detected_sample / sample_rate_hz,
    }
    if as_json:
        return json.dumps(record)
    return "{file}: {keyword}  score {score:.3f}  {start:.2f} s to {end:.2f} s".format(**record)
