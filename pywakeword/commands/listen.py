"""`pywakeword listen`: the microphone, a level meter and detections."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import Future
from contextlib import ExitStack, nullcontext

import numpy as np

from pywakeword.audio import EchoCancelledDevices, MicrophoneSource, PcmBlock, input_devices
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.commands._event_text import request_text
from pywakeword.commands._options import (
    SubParsers,
    add_endpointer_options,
    add_spotter_options,
    listening_for,
    make_endpointer,
    make_spotter_of,
    parse_device,
)
from pywakeword.commands.verifier import add_client_options, client_options
from pywakeword.endpointing import Request, RequestListener
from pywakeword.measure.scored import ScoredWakeWord
from pywakeword.verifier import Verifier, VerifierResult
from pywakeword.wakeword import WakeWord

_METER_WIDTH = 30
_METER_FLOOR_DBFS = -60.0


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser("listen", help="listen to a microphone until Ctrl-C")
    add_spotter_options(parser)
    add_endpointer_options(parser)
    parser.add_argument("--device", metavar="NAME|INDEX", help="microphone (default: the system's)")
    parser.add_argument(
        "--loudspeaker",
        metavar="NAME|INDEX",
        help="a second input that records what the loudspeaker plays (a monitor or loopback): its "
        "echo is subtracted",
    )
    parser.add_argument("--list-devices", action="store_true", help="list microphones and stop")
    parser.add_argument("--verify", metavar="URL", help="send candidates to this verifier")
    parser.add_argument("--sent-log", metavar="FILE", help="note here what was sent, and why")
    add_client_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Listen until the user interrupts."""
    if args.list_devices:
        return _list_devices()
    spotter = make_spotter_of(ScoredWakeWord, args, echo_cancelled=args.loudspeaker is not None)
    listener = RequestListener(spotter, make_endpointer(args, no_speech_timeout_ms=5000.0))
    with ExitStack() as stack:
        verifier = stack.enter_context(_make_verifier(args, spotter))
        microphone = MicrophoneSource(parse_device(args.device))
        paired = None
        if args.loudspeaker is not None:
            # Short blocks, because a block of the microphone waits for them.
            loudspeaker = MicrophoneSource(parse_device(args.loudspeaker), block_s=0.02)
            paired = EchoCancelledDevices(microphone, stack.enter_context(loudspeaker))
        stack.enter_context(microphone)
        losses = _Losses(microphone, paired)
        print(f"{listening_for(spotter)}; Ctrl-C ends", flush=True)
        try:
            for block in microphone if paired is None else paired:
                found_in_block = listener.process(block)
                peaks = spotter.take_peaks()
                if peaks:
                    _show_meter(block, {word: peak.score for word, peak in peaks.items()})
                for found in found_in_block:
                    if isinstance(found, Request):
                        _show(request_text(found))
                        continue
                    at = found.detected_sample if found.start_sample is None else found.start_sample
                    at_s = at / spotter.sample_rate
                    _show(f"{found.keyword}  score {found.score:.3f}  at {at_s:.2f} s")
                    if verifier is not None:
                        verifier.submit(found).add_done_callback(_show_result)
                losses.report()
        except KeyboardInterrupt:
            _show(f"stopped; {microphone.overruns} overruns")
    return 0


class _Losses:
    """Reports lost audio once, on standard error."""

    def __init__(self, microphone: MicrophoneSource, paired: EchoCancelledDevices | None) -> None:
        self._microphone = microphone
        self._paired = paired
        self._reported: set[str] = set()

    def report(self) -> None:
        """Print what is new."""
        lines = []
        if self._microphone.overruns:
            lines.append(f"audio was lost: {self._microphone.overruns} overruns so far")
        if self._paired is not None and self._paired.pairings:
            dropped, inserted = (
                1000 * n / SAMPLE_RATE_HZ
                for n in (self._paired.dropped_samples, self._paired.inserted_samples)
            )
            lines.append(
                f"microphone and loudspeaker were paired anew: {self._paired.pairings} times so "
                f"far, {dropped:.0f} ms of the loudspeaker dropped, {inserted:.0f} ms inserted"
            )
        for line in lines:
            if line not in self._reported:
                _clear_meter()
                print(line, file=sys.stderr)
        self._reported = set(lines)


def _make_verifier(args: argparse.Namespace, spotter: WakeWord) -> Verifier | nullcontext[None]:
    if not args.verify:
        return nullcontext()
    return Verifier(
        args.verify, thresholds=spotter.thresholds, sent_log=args.sent_log, **client_options(args)
    )


def _show_result(future: Future[VerifierResult]) -> None:
    result = future.result()
    verdict = result.verdict
    score = "" if verdict is None else f"  score {verdict.score:.3f} of {verdict.threshold:g}"
    _show(
        f"{result.detection.keyword}  {'accepted' if result.accepted else 'rejected'} by the "
        f"{result.source} ({result.reason}){score}  {1000 * result.latency_s:.0f} ms"
    )


def _list_devices() -> int:
    devices = input_devices()
    if not devices:
        print("no microphones")
    for device in devices:
        print(
            f"{device.index}: {device.name} "
            f"({device.n_channels} channels, {device.sample_rate_hz:.0f} Hz)"
            f"{', a monitor of a loudspeaker' if device.is_monitor else ''}"
        )
    return 0


def level_dbfs(block: PcmBlock) -> float:
    """Return the RMS level of a block relative to full scale; silence is -inf."""
    mean_square = np.mean(np.square(block.astype(np.float64) / 32768)) if len(block) else 0.0
    return float(10 * np.log10(mean_square)) if mean_square > 0 else -np.inf


def _show_meter(block: PcmBlock, scores: dict[str, float]) -> None:
    if not sys.stdout.isatty():
        return
    level = max(level_dbfs(block), _METER_FLOOR_DBFS)
    filled = round(_METER_WIDTH * (1 - level / _METER_FLOOR_DBFS))
    bar = ("#" * filled).ljust(_METER_WIDTH)
    words = "  ".join(f"{word} {score:.2f}" for word, score in scores.items())
    print(f"\r[{bar}] {level:5.0f} dBFS  {words}", end="", flush=True)


def _show(line: str) -> None:
    _clear_meter()
    print(line, flush=True)


def _clear_meter() -> None:
    if sys.stdout.isatty():
        print("\r\033[K", end="")
