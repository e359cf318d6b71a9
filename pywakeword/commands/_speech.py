"""Options on how the device speaks, which several commands share."""

from __future__ import annotations

import argparse
import os
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pywakeword.tts import (
    BACKEND_NAMES,
    Addon,
    AddonBackend,
    Backend,
    Prosody,
    TtsClient,
    Voice,
    make_backend,
)


def add_speech_options(parser: argparse.ArgumentParser) -> None:
    """Add --backend, --addon, --url, --voice, --language, --rate, --pitch and --volume."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--backend",
        choices=BACKEND_NAMES,
        help="where speech comes from (default: espeak-ng or flite, whichever is installed)",
    )
    source.add_argument(
        "--addon", metavar="NAME|PATH", help="speak with an addon: a bundled one, a folder or a zip"
    )
    parser.add_argument(
        "--url",
        help="address of the back end: tcp://HOST:PORT for wyoming, http://... for the others; "
        "for openai, the key is taken from OPENAI_API_KEY",
    )
    parser.add_argument("--voice", metavar="NAME", help="by the back end's names")
    parser.add_argument("--language", metavar="CODE", help="where no voice is named")
    for name, help_text in (
        ("rate", "speed as a factor, 0.25 to 4"),
        ("pitch", "as a factor, 0.5 to 2"),
        ("volume", "as a factor, 0 to 2"),
    ):
        parser.add_argument(f"--{name}", type=float, default=1.0, metavar="X", help=help_text)


def make_client(args: argparse.Namespace, sample_rate_hz: int | None = None) -> TtsClient:
    """Build the client that the options describe."""
    return TtsClient(_backend(args), sample_rate_hz=sample_rate_hz)


def _backend(args: argparse.Namespace) -> Backend:
    if args.addon is not None:
        if args.url is not None:
            raise ValueError("an addon speaks in this process: it has no --url")
        return AddonBackend(Addon.load(args.addon))
    api_key = os.environ.get("OPENAI_API_KEY") if args.backend == "openai" else None
    return make_backend(args.backend or "embedded", args.url, api_key=api_key)


def voice_of(args: argparse.Namespace) -> Voice:
    """Return the voice that the options name."""
    return Voice(args.voice, args.language)


def prosody_of(args: argparse.Namespace) -> Prosody:
    """Return the prosody that the options name."""
    return Prosody(args.rate, args.pitch, args.volume)


@contextmanager
def wav_file(path: str, sample_rate_hz: int) -> Iterator[wave.Wave_write]:
    """Create a mono 16-bit WAV file."""
    with Path(path).open("wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        yield file
