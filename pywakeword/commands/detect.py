"""`pywakeword detect`: finds wake words in files or a pipe."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from pywakeword.audio import AudioSource, EchoCancelledSource, FileSource, PcmBlock
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.commands._event_text import request_record, request_text
from pywakeword.commands._files import AudioFiles
from pywakeword.commands._options import (
    SubParsers,
    add_endpointer_options,
    add_spotter_options,
    make_endpointer,
    make_spotter,
)
from pywakeword.endpointing import Request, RequestListener
from pywakeword.events import Detection
from pywakeword.measure.scanning import detections, with_trailing_silence


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "detect",
        help="find wake words in audio files or a pipe",
        description="Find wake words in files of any sample rate and channel count. '-' reads raw "
        "16 kHz mono 16-bit PCM from standard input as it arrives.",
    )
    parser.add_argument("file", nargs="+", metavar="FILE", help="audio file, or - for stdin")
    add_spotter_options(parser)
    parser.add_argument(
        "--loudspeaker",
        metavar="REF",
        help="audio file of what the device played while FILE was recorded, from the same moment "
        "on: its echo is subtracted",
    )
    parser.add_argument(
        "--endpoint", action="store_true", help="also print the request after each word"
    )
    add_endpointer_options(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each detection as soon as it is made."""
    if args.two_pass and not args.endpoint:
        raise ValueError("--two-pass needs --endpoint")
    if args.loudspeaker is not None and len(args.file) > 1:
        raise ValueError(f"--loudspeaker belongs to one FILE, and {len(args.file)} are given")
    spotter = make_spotter(args)
    listener = None
    if args.endpoint:
        listener = RequestListener(spotter, make_endpointer(args, no_speech_timeout_ms=5000.0))
    files = AudioFiles("detect", args.file)
    for name in args.file:
        source = files.open(name)
        if args.loudspeaker is not None:
            source = _WithoutEcho(source, args.loudspeaker)
        for found in detections(spotter, source) if listener is None else _all(listener, source):
            if isinstance(found, Request):
                line = _request_line(name, found, args.json)
            else:
                line = _line(name, found, spotter.sample_rate, args.json)
            print(line, flush=True)
    return files.exit_code


class _WithoutEcho(EchoCancelledSource):
    """A recording without the echo of a file; says so if the file is too short."""

    # Two rates round one length to different numbers of samples.
    _TOLERANCE_SAMPLES = SAMPLE_RATE_HZ // 100

    def __init__(self, source: AudioSource, loudspeaker: str) -> None:
        super().__init__(source, FileSource(loudspeaker))
        self._name = loudspeaker

    def __iter__(self) -> Iterator[PcmBlock]:
        yield from super().__iter__()
        if self.silent_samples > self._TOLERANCE_SAMPLES:
            print(
                f"pywakeword detect: {self._name} is {self.silent_samples / SAMPLE_RATE_HZ:.2f} s "
                "shorter than the recording: the loudspeaker counts as silent there",
                file=sys.stderr,
            )


def _all(listener: RequestListener, source: AudioSource) -> Iterator[Detection | Request]:
    listener.reset()
    for block in with_trailing_silence(source):
        yield from listener.process(block)
    yield from listener.close()


def _request_line(name: str, request: Request, as_json: bool) -> str:
    if as_json:
        return json.dumps({"file": name, **request_record(request)})
    return f"{name}: {request_text(request)}"


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
