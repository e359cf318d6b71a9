"""`pywakeword endpoint`: where people speak in files, and where they are done."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pywakeword.audio import AudioSource, FileSource, StdinSource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.commands._options import SubParsers, add_endpointer_options, make_endpointer
from pywakeword.endpointing import Decision, Utterance, UtteranceJoiner
from pywakeword.endpointing.stream_listener import AnyEndpointer
from pywakeword.endpointing.utterance import Outcome
from pywakeword.events import EndpointEvent
from pywakeword.plots.endpoints import save_endpoint_plot


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "endpoint",
        help="find utterances and their ends in audio files or a pipe",
        description="Find utterances. Files of any rate and channel count; '-' reads raw 16 kHz "
        "mono 16-bit PCM from standard input as it arrives.",
    )
    parser.add_argument("file", nargs="+", metavar="FILE", help="audio file, or - for stdin")
    add_endpointer_options(parser)
    parser.add_argument("--events", action="store_true", help="print every event, pauses included")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="PNG",
        help="draw waveform, posterior of speech, pauses and decisions of the one FILE",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each utterance when it is over, or each event as it is decided."""
    if args.plot is not None and (len(args.file) != 1 or args.file == ["-"]):
        raise ValueError("--plot draws one file; name one")
    decisions: list[Decision] = []
    endpointer = make_endpointer(
        args,
        no_speech_timeout_ms=None,  # no wake word to count from
        on_decision=None if args.plot is None else decisions.append,
    )
    for name in args.file:
        source = StdinSource() if name == "-" else FileSource(name)
        found = events(endpointer, source)
        records = (
            _event_records(found)
            if args.events
            else _utterance_records(found, UtteranceJoiner(endpointer.grace_ms))
        )
        for record in records:
            print(_line(name, record, args.json), flush=True)
    if args.plot is not None:
        save_endpoint_plot(
            args.plot, endpointer, FileSource(args.file[0]), title=args.file[0], decisions=decisions
        )
    return 0


def events(endpointer: AnyEndpointer, source: AudioSource) -> Iterator[EndpointEvent]:
    """Yield the events of one source, resetting the stream first and closing it at the end."""
    endpointer.reset()
    for block in source:
        yield from endpointer.process(block)
    yield from endpointer.close()


def _utterance_records(
    found: Iterator[EndpointEvent], joiner: UtteranceJoiner
) -> Iterator[dict[str, Any]]:
    """One record an utterance; an `End` that was taken back is none."""
    for event in found:
        yield from _records(joiner.push([event], event.decided_sample))
    yield from _records(joiner.close())


def _records(outcomes: list[Outcome]) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
        if isinstance(outcome, Utterance):
            yield _utterance_record(outcome)


def _utterance_record(utterance: Utterance) -> dict[str, Any]:
    return {
        "start": _seconds(utterance.start_sample),
        "end": _seconds(utterance.end_sample),
        "decided": _seconds(utterance.decided_sample),
        "reason": utterance.reason,
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
    return sample / SAMPLE_RATE_HZ


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
