"""`pywakeword endpoint`: where speech begins and ends in files or a pipe."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pywakeword.audio import AudioSource
from pywakeword.commands._event_text import (
    endpoint_record,
    endpoint_text,
    utterance_record,
    utterance_text,
)
from pywakeword.commands._files import AudioFiles
from pywakeword.commands._options import (
    SubParsers,
    add_endpointer_options,
    add_recogniser_options,
    make_endpointer,
    make_recogniser,
)
from pywakeword.endpointing import Decision, TranscribingSource, Utterance, UtteranceJoiner
from pywakeword.endpointing.stream_listener import AnyEndpointer
from pywakeword.endpointing.utterance import Outcome
from pywakeword.events import EndpointEvent
from pywakeword.plots.endpoints import save_endpoint_plot


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "endpoint",
        help="find utterances and their ends in audio files or a pipe",
        description="Find utterances in files of any sample rate and channel count; '-' reads raw "
        "16 kHz mono 16-bit PCM from standard input as it arrives.",
    )
    parser.add_argument("file", nargs="+", metavar="FILE", help="audio file, or - for stdin")
    add_endpointer_options(parser)
    add_recogniser_options(parser)
    parser.add_argument("--events", action="store_true", help="print every event, including pauses")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="PNG",
        help="plot waveform, speech probability, pauses and decisions; needs exactly one FILE",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each utterance when it is final, or each event when it is decided."""
    if args.events and (args.asr or args.asr_model is not None):
        raise ValueError("--asr transcribes utterances, and --events prints none")
    if args.plot is not None and (len(args.file) != 1 or args.file == ["-"]):
        raise ValueError("--plot needs exactly one FILE")
    decisions: list[Decision] = []
    endpointer = make_endpointer(
        args,
        no_speech_timeout_ms=None,  # there is no wake word to count from
        on_decision=None if args.plot is None else decisions.append,
    )
    recogniser = make_recogniser(args, realtime=False)
    files = AudioFiles("endpoint", args.file)
    for name in args.file:
        source = files.open(name)
        found = events(endpointer, source, recogniser)
        records = (
            map(endpoint_record, found)
            if args.events
            else _utterance_records(found, UtteranceJoiner(endpointer.grace_ms), recogniser)
        )
        for record in records:
            print(_line(name, record, args.json), flush=True)
    if args.plot is not None and not files.exit_code:
        save_endpoint_plot(args.plot, endpointer, source, title=args.file[0], decisions=decisions)
    return files.exit_code


def events(
    endpointer: AnyEndpointer, source: AudioSource, recogniser: TranscribingSource | None = None
) -> Iterator[EndpointEvent]:
    """Reset the stream, yield the events of one source, and close the stream."""
    endpointer.reset()
    if recogniser is not None:
        recogniser.reset()
    for block in source:
        if recogniser is not None:
            recogniser.process(block)
        yield from endpointer.process(block)
    yield from endpointer.close()


def _utterance_records(
    found: Iterator[EndpointEvent], joiner: UtteranceJoiner, recogniser: TranscribingSource | None
) -> Iterator[dict[str, Any]]:
    """Yield one record per utterance; an `End` that speech continued ends none."""
    for event in found:
        # What became final is transcribed before the recogniser follows to the next.
        yield from _records(joiner.push([event], event.decided_sample), recogniser)
        if recogniser is not None:
            recogniser.follow([event])
    yield from _records(joiner.close(), recogniser)


def _records(
    outcomes: list[Outcome], recogniser: TranscribingSource | None
) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
        if isinstance(outcome, Utterance):
            record = utterance_record(outcome)
            if recogniser is not None:
                future = recogniser.transcript(outcome.end_sample)
                record["text"] = recogniser.wait_for(future).text
            yield record


def _line(name: str, record: dict[str, Any], as_json: bool) -> str:
    if as_json:
        return json.dumps({"file": name, **record})
    return f"{name}: " + (endpoint_text if "event" in record else utterance_text)(record)
