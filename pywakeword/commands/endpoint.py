"""`pywakeword endpoint`: where people speak in files, and where they are done."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pywakeword.audio import AudioSource, FileSource, StdinSource
from pywakeword.commands.options import SubParsers
from pywakeword.endpoint import Endpointer, EndpointRule
from pywakeword.events import End, EndpointEvent, Resumed, SpeechStart


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "endpoint",
        help="find utterances and their ends in audio files or a pipe",
        description="Find utterances. Files of any rate and channel count; '-' reads raw 16 kHz "
        "mono 16-bit PCM from standard input as it arrives.",
    )
    parser.add_argument("file", nargs="+", metavar="FILE", help="audio file, or - for stdin")
    parser.add_argument(
        "--silence-ms", type=float, default=800.0, metavar="MS",
        help="pause that ends an utterance (default: 800)",
    )  # fmt: skip
    parser.add_argument(
        "--max-utterance-ms", type=float, default=20_000.0, metavar="MS",
        help="longest utterance (default: 20000)",
    )  # fmt: skip
    parser.add_argument("--events", action="store_true", help="print every event, pauses included")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each utterance when it is over, or each event as it is decided."""
    endpointer = Endpointer(
        rules=(EndpointRule("silence", min_trailing_silence_ms=args.silence_ms),),
        max_utterance_ms=args.max_utterance_ms,
        no_speech_timeout_ms=None,  # a file has no wake word to count from
    )
    for name in args.file:
        source = StdinSource() if name == "-" else FileSource(name)
        found = events(endpointer, source)
        records = _event_records(found) if args.events else _utterance_records(found)
        for record in records:
            print(_line(name, record, args.json), flush=True)
    return 0


def events(endpointer: Endpointer, source: AudioSource) -> Iterator[EndpointEvent]:
    """Yield the events of one source, resetting the stream first and closing it at the end."""
    endpointer.reset()
    for block in source:
        yield from endpointer.process(block)
    yield from endpointer.close()


@dataclass
class _Utterance:
    """An utterance that has ended, and may yet be resumed."""

    start_sample: int
    end: End


def _utterance_records(found: Iterator[EndpointEvent]) -> Iterator[dict[str, Any]]:
    """One record an utterance; an `End` that was taken back is none."""
    start = 0
    ended: _Utterance | None = None
    for event in found:
        if isinstance(event, SpeechStart):
            if ended is not None:
                yield _utterance_record(ended)
                ended = None
            start = event.sample
        elif isinstance(event, Resumed):
            ended = None
        elif isinstance(event, End):
            ended = _Utterance(start, event)
    if ended is not None:
        yield _utterance_record(ended)


def _utterance_record(utterance: _Utterance) -> dict[str, Any]:
    end = utterance.end
    return {
        "start": _seconds(utterance.start_sample),
        "end": _seconds(end.sample),
        "decided": _seconds(end.decided_sample),
        "reason": end.reason,
    }


def _event_records(found: Iterator[EndpointEvent]) -> Iterator[dict[str, Any]]:
    for event in found:
        yield {
            "event": type(event).__name__,
            "at": _seconds(event.sample),
            "decided": _seconds(event.decided_sample),
            "reason": event.reason,
        }


def _seconds(sample: int) -> float:
    return sample / 16000


def _line(name: str, record: dict[str, Any], as_json: bool) -> str:
    if as_json:
        return json.dumps({"file": name, **record})
    if "event" in record:
        return "{file}: {event}  {at:.2f} s  decided {decided:.2f} s  {reason}".format(
            file=name, **record
        )
    return "{file}: {start:.2f} s to {end:.2f} s  decided {decided:.2f} s  {reason}".format(
        file=name, **record
    )
