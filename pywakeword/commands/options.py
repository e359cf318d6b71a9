"""Options that several commands share."""

from __future__ import annotations

import argparse
from typing import Any

from pywakeword.device_state import DeviceState
from pywakeword.endpoint import Endpointer, EndpointRule
from pywakeword.errors import ModelError
from pywakeword.models import available_models
from pywakeword.wakeword import WakeWord

# What add_subparsers() returns; argparse has no public name for it.
SubParsers = Any


def add_spotter_options(parser: argparse.ArgumentParser) -> None:
    """Add --model, --threshold, --fa-per-hour and --state."""
    parser.add_argument(
        "--model",
        action="append",
        metavar="NAME|PATH",
        help="bundled model or .tflite file; may be repeated (default: every bundled model)",
    )
    rate_or_threshold = parser.add_mutually_exclusive_group()
    rate_or_threshold.add_argument(
        "--threshold", type=float, metavar="X", help="score from which a word is reported"
    )
    rate_or_threshold.add_argument(
        "--fa-per-hour",
        type=float,
        metavar="X",
        help="take the threshold that was measured to give at most X false accepts an hour",
    )
    add_state_option(parser)


def add_state_option(parser: argparse.ArgumentParser) -> None:
    """Add --state."""
    parser.add_argument(
        "--state",
        type=_state_argument,
        default=DeviceState(),
        metavar="KEY=VALUE,...",
        help="what the device does, e.g. playback=music,volume=0.6,device_type=speaker",
    )


def make_spotter(args: argparse.Namespace) -> WakeWord:
    """Build the detector that the options of `add_spotter_options` describe."""
    models = args.model or available_models()
    if not models:
        raise ModelError("no models are bundled; name one with --model")
    return WakeWord(
        models,
        threshold=args.threshold,
        false_accepts_per_hour=args.fa_per_hour,
        device_state=args.state,
    )


def add_endpointer_options(parser: argparse.ArgumentParser) -> None:
    """Add --silence-ms and --max-utterance-ms."""
    parser.add_argument(
        "--silence-ms", type=float, default=800.0, metavar="MS",
        help="pause that ends an utterance (default: 800)",
    )  # fmt: skip
    parser.add_argument(
        "--max-utterance-ms", type=float, default=20_000.0, metavar="MS",
        help="longest utterance (default: 20000)",
    )  # fmt: skip


def make_endpointer(args: argparse.Namespace, *, no_speech_timeout_ms: float | None) -> Endpointer:
    """Build what the options of `add_endpointer_options` describe."""
    return Endpointer(
        rules=(EndpointRule("silence", min_trailing_silence_ms=args.silence_ms),),
        max_utterance_ms=args.max_utterance_ms,
        no_speech_timeout_ms=no_speech_timeout_ms,
    )


def parse_state(text: str) -> DeviceState:
    """Parse `key=value,...` into a device state."""
    fields: dict[str, Any] = {}
    for item in text.split(","):
        key, equals, value = item.strip().partition("=")
        if not equals or key not in ("device_type", "playback", "volume"):
            raise ValueError(
                f"{item.strip()!r} is not device_type=WORD, playback=WORD or volume=NUMBER"
            )
        fields[key] = _number(value) if key == "volume" else value
    return DeviceState(**fields)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"volume must be a number, got {text!r}") from None


def _state_argument(text: str) -> DeviceState:
    try:
        return parse_state(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
