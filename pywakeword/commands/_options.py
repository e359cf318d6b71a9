"""Options that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from pywakeword.device_state import DeviceState
from pywakeword.endpointing import Decision, TwoPassEndpointer, WhisperSource
from pywakeword.endpointing.endpointer import Endpointer, EndpointRule
from pywakeword.endpointing.recognisers.transcript import Reranker
from pywakeword.endpointing.recognisers.whisper.files import SIZES
from pywakeword.endpointing.stream_listener import AnyEndpointer
from pywakeword.errors import ModelError
from pywakeword.models.files import default_models
from pywakeword.wakeword import WakeWord

Spotter = TypeVar("Spotter", bound=WakeWord)


class SubParsers(Protocol):
    """The object that `add_subparsers()` returns; argparse has no public name for its type."""

    def add_parser(
        self, name: str, *, help: str | None = ..., description: str | None = ...
    ) -> argparse.ArgumentParser:
        """Add a command and return its parser."""
        ...


# Pause that ends an utterance: without a second pass, and as its upper limit with one.
_SILENCE_MS, _TWO_PASS_SILENCE_MS = 800.0, 2000.0


def add_spotter_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `add_model_options`, --refractory, --pre-roll and --state."""
    add_model_options(parser)
    parser.add_argument(
        "--refractory",
        type=float,
        metavar="S",
        help="seconds after a detection in which the word is not reported again (default: the "
        "model card's)",
    )
    parser.add_argument(
        "--pre-roll",
        type=float,
        default=0.5,
        metavar="S",
        help="seconds of audio before the word that its snippet begins with (default: 0.5)",
    )
    add_state_option(parser)


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add --model, --config, --threshold and --fa-per-hour."""
    models = parser.add_mutually_exclusive_group()
    models.add_argument(
        "--config",
        metavar="FILE",
        help="models and thresholds from a file that 'pywakeword studio' wrote",
    )
    models.add_argument(
        "--model",
        action="append",
        metavar="NAME|PATH",
        help="bundled model, .tflite file or community model (extra community); may be repeated "
        "(default: every bundled word)",
    )
    rate_or_threshold = parser.add_mutually_exclusive_group()
    rate_or_threshold.add_argument(
        "--threshold",
        type=float,
        metavar="X",
        help="lowest score that counts as a detection, whatever the device plays",
    )
    rate_or_threshold.add_argument(
        "--fa-per-hour",
        type=float,
        metavar="X",
        help="use the threshold with at most X measured false accepts per hour, in each playback "
        "state that the model's card has figures for",
    )


def add_state_option(parser: argparse.ArgumentParser) -> None:
    """Add --state."""
    parser.add_argument(
        "--state",
        type=_state_argument,
        default=DeviceState(),
        metavar="KEY=VALUE,...",
        help="state of the device, e.g. playback=music,volume=0.6,device_type=speaker",
    )


def parse_device(text: str | None) -> int | str | None:
    """Return the index or name of a device; None is the default one."""
    return int(text) if text and text.isdecimal() else text


def make_spotter(args: argparse.Namespace, *, echo_cancelled: bool = False) -> WakeWord:
    """Build the detector from the options of `add_spotter_options`."""
    return make_spotter_of(WakeWord, args, echo_cancelled=echo_cancelled)


def make_spotter_of(
    kind: type[Spotter], args: argparse.Namespace, *, echo_cancelled: bool = False
) -> Spotter:
    """Build it as an object of `kind`, a subclass of `WakeWord`."""
    options = {
        "threshold": args.threshold,
        "false_accepts_per_hour": args.fa_per_hour,
        "echo_cancelled": echo_cancelled,
        "refractory_s": args.refractory,
        "pre_roll_s": args.pre_roll,
        "device_state": args.state,
    }
    if args.config is not None:
        return kind.from_config(args.config, **options)
    models = args.model or default_models()
    if not models:
        raise ModelError("no models are bundled; name one with --model")
    return kind(models, **options)


def listening_for(spotter: WakeWord) -> str:
    """Return the line that says which words a command waits for, and from which score."""
    words = (f"{word} (threshold {value:g})" for word, value in spotter.thresholds.items())
    return f"listening for {', '.join(words)}"


def add_endpointer_options(parser: argparse.ArgumentParser) -> None:
    """Add --two-pass, --silence-ms and --max-utterance-ms."""
    parser.add_argument(
        "--two-pass",
        action="store_true",
        help="end an utterance as soon as a second model judges it complete (extra endpoint)",
    )
    parser.add_argument(
        "--silence-ms",
        type=float,
        metavar="MS",
        help=f"pause that ends an utterance (default: {_SILENCE_MS:g}; with --two-pass, where it "
        f"is the upper limit, {_TWO_PASS_SILENCE_MS:g})",
    )
    parser.add_argument(
        "--max-utterance-ms",
        type=float,
        default=20_000.0,
        metavar="MS",
        help="longest utterance (default: 20000)",
    )


def add_recogniser_options(parser: argparse.ArgumentParser) -> None:
    """Add --asr and --asr-model."""
    parser.add_argument(
        "--asr", action="store_true", help="transcribe on this machine with Whisper (extra asr)"
    )
    parser.add_argument(
        "--asr-model",
        metavar="SIZE|PATH",
        help="base (default) or tiny, see 'pywakeword recognisers', or a folder; implies --asr",
    )
    parser.add_argument(
        "--rerank",
        metavar="GGUF",
        help="let this language model choose among the hypotheses (extra llm); needs --asr",
    )
    parser.add_argument(
        "--rerank-weights", metavar="FILE", help="weights that were learned for --rerank"
    )


def make_recogniser(args: argparse.Namespace, *, realtime: bool) -> WhisperSource | None:
    """Build the recogniser from the options of `add_recogniser_options`."""
    if args.rerank_weights is not None and args.rerank is None:
        raise ValueError("--rerank-weights needs --rerank")
    if not args.asr and args.asr_model is None:
        if args.rerank is not None:
            raise ValueError("--rerank needs --asr")
        return None
    model = args.asr_model or "base"
    folder, size = (None, model) if model in SIZES else (model, "base")
    return WhisperSource(folder, size, realtime=realtime, reranker=_reranker(args, realtime))


def _reranker(args: argparse.Namespace, realtime: bool) -> Reranker | None:
    if args.rerank is None:
        return None
    from pywakeword.endpointing import HypothesisReranker, LlamaScorer, RerankWeights

    weights = RerankWeights()
    if args.rerank_weights is not None:
        weights = RerankWeights.load(args.rerank_weights)
    deadline_s = 0.5 if realtime else 60.0  # nobody waits for a file
    return HypothesisReranker(LlamaScorer(args.rerank), weights=weights, deadline_s=deadline_s)


def make_endpointer(
    args: argparse.Namespace,
    *,
    no_speech_timeout_ms: float | None,
    on_decision: Callable[[Decision], None] | None = None,
    recogniser: WhisperSource | None = None,
) -> AnyEndpointer:
    """Build the endpointer from the options of `add_endpointer_options`.

    With `--two-pass`, a recogniser that an arbitrator was trained with decides the ends. If the
    extra or a model of the second pass is missing, `--two-pass` raises an error. It does not fall
    back to a fixed pause.
    """
    silence_ms = args.silence_ms
    if silence_ms is None:
        silence_ms = _TWO_PASS_SILENCE_MS if args.two_pass else _SILENCE_MS
    options: dict[str, Any] = {
        "rules": (EndpointRule("silence", min_trailing_silence_ms=silence_ms),),
        "max_utterance_ms": args.max_utterance_ms,
        "no_speech_timeout_ms": no_speech_timeout_ms,
    }
    if args.two_pass:
        if recogniser is not None and recogniser.arbitrator_model is not None:
            options["eos_source"] = recogniser
        return TwoPassEndpointer(on_decision=on_decision, **options)
    return Endpointer(**options)


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
