"""Options for speech output that several commands share."""

from __future__ import annotations

import argparse
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pywakeword.errors import AudioError
from pywakeword.tts import (
    BACKEND_NAMES,
    Addon,
    AddonBackend,
    Backend,
    Prosody,
    TtsClient,
    Voice,
    best_backend,
    make_backend,
)


def add_speech_options(parser: argparse.ArgumentParser) -> None:
    """Add --backend, --addon, --url, --voice, --language, --rate, --pitch and --volume."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--backend",
        choices=BACKEND_NAMES,
        help="source of speech (default: the first that is installed of hibari, kokoro, espeak-ng, "
        "flite)",
    )
    source.add_argument(
        "--addon", metavar="NAME|PATH", help="speak with an addon: bundled name, folder or zip"
    )
    parser.add_argument(
        "--url",
        help="address of the back end: tcp://HOST:PORT for wyoming, http://... for the others; "
        "openai reads its key from OPENAI_API_KEY",
    )
    parser.add_argument(
        "--voice",
        metavar="NAME",
        help="name of a voice of the back end; kokoro mixes them: af_bella*0.6+am_adam*0.4",
    )
    parser.add_argument("--language", metavar="CODE", help="language, if no voice is given")
    for name, help_text in (
        ("rate", "speed factor, 0.25 to 4"),
        ("pitch", "pitch factor, 0.5 to 2"),
        ("volume", "volume factor, 0 to 2"),
    ):
        parser.add_argument(f"--{name}", type=float, default=1.0, metavar="X", help=help_text)


def make_client(args: argparse.Namespace, sample_rate_hz: int | None = None) -> TtsClient:
    """Return a client for the options."""
    return TtsClient(_backend(args), sample_rate_hz=sample_rate_hz)


def speaking_with(args: argparse.Namespace, client: TtsClient) -> str:
    """Return which voice speaks, and whether it was chosen."""
    if args.addon is not None:
        return f"speaking with the addon {args.addon}"
    chosen = "" if args.backend else ", the best voice that is installed"
    return f"speaking with {client.backend.name}{chosen}"


def _backend(args: argparse.Namespace) -> Backend:
    if args.addon is not None:
        if args.url is not None:
            raise ValueError("an addon speaks in this process: it has no --url")
        return AddonBackend(Addon.load(args.addon))
    api_key = os.environ.get("OPENAI_API_KEY") if args.backend == "openai" else None
    if args.backend is None and args.url is None:
        return best_backend()
    return make_backend(args.backend or "embedded", args.url, api_key=api_key)


def voice_of(args: argparse.Namespace) -> Voice:
    """Return the voice from the options."""
    return Voice(args.voice, args.language)


def prosody_of(args: argparse.Namespace) -> Prosody:
    """Return rate, pitch and volume from the options."""
    return Prosody(args.rate, args.pitch, args.volume)


class WavWriter:
    """Writes a mono 16-bit WAV file, or to a pipe, where the header cannot know the length."""

    _UNKNOWN = 0xFFFFFFFF
    _HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")

    def __init__(self, raw: BinaryIO, sample_rate_hz: int) -> None:
        self._raw = raw
        self._rate_hz = sample_rate_hz
        self._n_bytes = 0
        self._write_header(self._UNKNOWN)

    def writeframes(self, data: bytes) -> None:
        """Append samples, as little-endian bytes."""
        self._raw.write(data)
        self._n_bytes += len(data)

    def complete(self) -> None:
        """Write the length into the header."""
        self._raw.seek(0)
        self._write_header(self._n_bytes)

    def _write_header(self, n_bytes: int) -> None:
        riff_bytes = min(n_bytes + 36, self._UNKNOWN)
        layout = (16, 1, 1, self._rate_hz, 2 * self._rate_hz, 2, 16)
        self._raw.write(
            self._HEADER.pack(
                b"RIFF", riff_bytes, b"WAVE", b"fmt ", *layout, b"data", min(n_bytes, self._UNKNOWN)
            )
        )


@contextmanager
def wav_file(path: str, sample_rate_hz: int) -> Iterator[WavWriter]:
    """Create a mono 16-bit WAV file; "-" is standard output."""
    if path == "-":
        raw = _binary_stdout()
        yield WavWriter(raw, sample_rate_hz)
        raw.flush()
        return
    with Path(path).open("wb") as file:
        writer = WavWriter(file, sample_rate_hz)
        try:
            yield writer
        finally:
            if file.seekable():
                writer.complete()


def _binary_stdout() -> BinaryIO:
    if sys.__stdout__ is None:  # the command line has replaced it
        raise AudioError("standard output is closed")
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        raise AudioError("standard output takes no bytes here")
    return cast(BinaryIO, buffer)
