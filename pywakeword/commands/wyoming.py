"""`pywakeword wyoming`: a wake-word service for Home Assistant, and manifests."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from pywakeword.commands._options import SubParsers, add_spotter_options, make_spotter
from pywakeword.commands._speech import add_speech_options, make_client, prosody_of, voice_of
from pywakeword.endpointing.endpointer import Endpointer, EndpointRule
from pywakeword.models.files import available_models
from pywakeword.wyoming.address import DEFAULT_URI, is_loopback


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser("wyoming", help="wake words for Home Assistant")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    serve = actions.add_parser(
        "serve",
        help="serve wake words by the Wyoming protocol",
        description="Serve wake words by the Wyoming protocol. It has no passwords and no "
        "encryption, so --uri must be an address of this machine only, unless --allow-remote is "
        "given.",
    )
    add_spotter_options(serve)
    serve.add_argument(
        "--uri",
        default=DEFAULT_URI,
        help=f"tcp://HOST:PORT or unix:///PATH (default: {DEFAULT_URI})",
    )
    serve.add_argument(
        "--allow-remote", action="store_true", help="allow an address that other machines can reach"
    )
    serve.add_argument(
        "--zeroconf",
        nargs="?",
        const="",
        metavar="NAME",
        help="announce the service on the local network (default NAME: pywakeword-HOST)",
    )
    serve.add_argument(
        "--max-connections", type=int, default=64, metavar="N", help="at one time (default: 64)"
    )
    serve.add_argument(
        "--idle-timeout",
        type=float,
        default=300.0,
        metavar="S",
        help="seconds without an event after which a connection ends (default: 300)",
    )
    serve.add_argument(
        "--vad",
        action="store_true",
        help="also report where speech in the audio begins and ends (voice-started, voice-stopped)",
    )
    serve.add_argument(
        "--silence-ms",
        type=float,
        metavar="MS",
        help="with --vad: pause that ends speech (default: 800)",
    )
    serve.add_argument("--tts", action="store_true", help="also speak, with the options below")
    add_speech_options(serve)
    serve.add_argument(
        "--debug",
        action="store_true",
        help="log clients, detections and every 5 s the highest scores on standard error",
    )
    serve.set_defaults(run=run_serve)
    manifests = actions.add_parser(
        "manifest", help="print or write model manifests in ESPHome's format"
    )
    manifests.add_argument(
        "--model", action="append", metavar="NAME|PATH", help="default: every bundled model"
    )
    manifests.add_argument("--out", metavar="DIR", help="write one file per model (default: print)")
    manifests.set_defaults(run=run_manifest)


def run_serve(args: argparse.Namespace) -> int:
    """Serve until a signal ends it."""
    if args.debug:
        logging.basicConfig(format="%(asctime)s %(message)s")
        logging.getLogger("pywakeword").setLevel(logging.DEBUG)
    return asyncio.run(_serve(args))


async def _serve(args: argparse.Namespace) -> int:
    from pywakeword.wyoming import SpeechOffer, WakeService

    keywords = make_spotter(args).keywords  # a wrong model or threshold fails here
    remote = not is_loopback(args.uri)
    if args.zeroconf is not None and not remote:
        raise ValueError(
            "--zeroconf announces to other machines: it needs --uri and --allow-remote"
        )
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        _on_signal(number, stopped.set)
    if args.silence_ms is not None and not args.vad:
        raise ValueError("--silence-ms needs --vad")
    async with contextlib.AsyncExitStack() as stack:
        speech = None
        if args.tts:
            client = await stack.enter_async_context(make_client(args))
            speech = SpeechOffer(client, voice_of(args), prosody_of(args))
        elif (args.backend, args.addon, args.url, args.voice) != (None,) * 4:
            raise ValueError("a back end, addon, address or voice needs --tts")
        service = WakeService(
            lambda: make_spotter(args),
            args.uri,
            allow_remote=args.allow_remote,
            make_endpointer=_endpointers(args) if args.vad else None,
            speech=speech,
            max_connections=args.max_connections,
            idle_timeout_s=args.idle_timeout,
        )
        await stack.enter_async_context(service)
        if remote:
            print(
                f"warning: {service.uri} is open to anyone who can reach it, "
                "and the audio crosses the network unencrypted",
                file=sys.stderr,
            )
        if args.zeroconf is not None:
            from pywakeword.wyoming.discovery import Discovery

            await stack.enter_async_context(Discovery(service.uri, args.zeroconf or None))
        print(f"serving {', '.join(keywords)} at {service.uri}", flush=True)
        await stopped.wait()
    return 0


def _endpointers(args: argparse.Namespace) -> Callable[[], Endpointer]:
    silence_ms = 800.0 if args.silence_ms is None else args.silence_ms
    rules = (EndpointRule("silence", min_trailing_silence_ms=silence_ms),)

    def make() -> Endpointer:
        return Endpointer(rules=rules, no_speech_timeout_ms=None, max_utterance_ms=None)

    make()  # a wrong option fails here
    return make


def _on_signal(number: signal.Signals, call: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:  # on Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))


def run_manifest(args: argparse.Namespace) -> int:
    """Print the manifests, one JSON object per line, or write them."""
    from pywakeword.wyoming.manifest import manifest, write_manifest

    for model in args.model or available_models():
        if args.out is None:
            print(json.dumps(manifest(model)))
        else:
            print(write_manifest(model, Path(args.out)))
    return 0
