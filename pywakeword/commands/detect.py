"""`pywakeword detect`: finds wake words in files or a pipe."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
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
    make_spotter_of,
)
from pywakeword.commands._speech import wav_file
from pywakeword.endpointing import Request, RequestListener
from pywakeword.events import Detection
from pywakeword.measure.scanning import detections, with_trailing_silence
from pywakeword.measure.scored import ScoredWakeWord


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
    parser.add_argument(
        "--clips", type=Path, metavar="DIR", help="write the audio of each word as WAV into DIR"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print each detection as soon as it is made."""
    if args.two_pass and not args.endpoint:
        raise ValueError("--two-pass needs --endpoint")
    if args.loudspeaker is not None and len(args.file) > 1:
        raise ValueError(f"--loudspeaker belongs to one FILE, and {len(args.file)} are given")
    spotter = make_spotter_of(ScoredWakeWord, args, echo_cancelled=args.loudspeaker is not None)
    clips = None if args.clips is None else _Clips(args.clips)
    listener = None
    if args.endpoint:
        listener = RequestListener(spotter, make_endpointer(args, no_speech_timeout_ms=5000.0))
    files = AudioFiles("detect", args.file)
    for name in args.file:
        source = files.open(name)
        if args.loudspeaker is not None:
            source = _WithoutEcho(source, args.loudspeaker)
        n_found, n_failed = 0, files.n_failed
        for found in detections(spotter, source) if listener is None else _all(listener, source):
            if isinstance(found, Request):
                line = _request_line(name, found, args.json)
            else:
                n_found += 1
                clip = None if clips is None else clips.write(name, found)
                line = _line(name, found, spotter.sample_rate, args.json, clip)
            print(line, flush=True)
        if not n_found and files.n_failed == n_failed:
            print(f"{name}: {_nothing(spotter)}", file=sys.stderr)
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


def _nothing(spotter: ScoredWakeWord) -> str:
    peaks = spotter.take_peaks()
    word = max(peaks, key=lambda word: peaks[word].score)
    return (
        f"no wake word; highest score {peaks[word].score:.3f} ({word}, threshold "
        f"{spotter.thresholds[word]:g}) at {peaks[word].at_s:.2f} s"
    )


class _Clips:
    """Snippets as WAV files in a folder, named after file, word and place in milliseconds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._written: Counter[str] = Counter()

    def write(self, name: str, detection: Detection) -> Path:
        """Write one snippet and return its path."""
        stem = "stdin" if name == "-" else Path(name).stem
        word = re.sub(r"[^\w-]+", "_", detection.keyword)
        stem = f"{stem}-{word}-{detection.word_start_sample * 1000 // SAMPLE_RATE_HZ}"
        self._written[stem] += 1  # the same name in two folders
        if self._written[stem] > 1:
            stem += f"-{self._written[stem]}"
        path = self._folder / f"{stem}.wav"
        with wav_file(str(path), SAMPLE_RATE_HZ) as file:
            file.writeframes(detection.snippet.astype("<i2").tobytes())
        return path


def _line(name: str, detection: Detection, rate_hz: int, as_json: bool, clip: Path | None) -> str:
    record: dict[str, Any] = {
        "file": name,
        "keyword": detection.keyword,
        "score": detection.score,
        "start": None if detection.start_sample is None else detection.start_sample / rate_hz,
        "end": None if detection.end_sample is None else detection.end_sample / rate_hz,
        "detected": detection.detected_sample / rate_hz,
    }
    if clip is not None:
        record["clip"] = str(clip)
    if as_json:
        return json.dumps(record)
    if detection.start_sample is None:
        return "{file}: {keyword}  score {score:.3f}  detected at {detected:.2f} s".format(**record)
    return "{file}: {keyword}  score {score:.3f}  {start:.2f} s to {end:.2f} s".format(**record)
