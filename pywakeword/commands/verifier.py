"""`pywakeword verifier`: serves verdicts, or requests verdicts for a file."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pywakeword._extras import require
from pywakeword.audio import FileSource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.commands._options import SubParsers, add_state_option
from pywakeword.errors import VerifierError
from pywakeword.events import Detection
from pywakeword.measure.scanning import detections
from pywakeword.models.files import default_models
from pywakeword.verifier import Verifier, VerifierPolicy
from pywakeword.verifier.contract import Verdict
from pywakeword.wakeword import WakeWord

if TYPE_CHECKING:
    from fastapi import FastAPI

_LOOSE_THRESHOLD = 0.3
_CHECK_TIMEOUT_S = 10.0


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "verifier", help="run the server that checks wake words again, or query it"
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_serve_parser(actions)
    _add_check_parser(actions)


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """Add --token-file, --client-cert, --ca-file and --allow-plain-http."""
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="bearer token; read for each request",
    )
    parser.add_argument(
        "--client-cert", nargs=2, metavar=("CERT", "KEY"), help="certificate for mutual TLS"
    )
    parser.add_argument("--ca-file", metavar="FILE", help="trust these certificates only")
    parser.add_argument(
        "--allow-plain-http", action="store_true", help="allow unencrypted audio to other machines"
    )


def client_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of `Verifier` from the options of `add_client_options`."""
    token_file: Path | None = args.token_file
    return {
        "token": (lambda: token_file.read_text("utf-8").strip()) if token_file else None,
        "client_cert": tuple(args.client_cert) if args.client_cert else None,
        "ca_file": args.ca_file,
        "allow_plain_http": args.allow_plain_http,
    }


def _add_serve_parser(actions: SubParsers) -> None:
    parser = actions.add_parser("serve", help="answer POST /v1/verify until Ctrl-C")
    parser.add_argument("--host", default="127.0.0.1", help="address (default: this machine only)")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--models", metavar="DIR", help="folder of WORD.onnx and WORD.json files")
    parser.add_argument("--threads", type=int, default=1, help="threads of the network")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="require one of the bearer tokens in this file, one per line",
    )
    parser.add_argument(
        "--retain-audio",
        type=Path,
        metavar="DIR",
        help="keep each candidate's audio here",
    )
    parser.add_argument(
        "--retain-days", type=float, default=30.0, metavar="N", help="delete it after N days"
    )
    parser.add_argument(
        "--retain-mb", type=int, default=1024, metavar="N", help="keep the newest N megabytes of it"
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of this web origin open the WebSocket; may be repeated (default: none)",
    )
    parser.add_argument(
        "--max-connections", type=int, metavar="N", help="at one time (default: 1024)"
    )
    parser.add_argument(
        "--max-connections-per-address",
        type=int,
        metavar="N",
        help="of one client address, at one time (default: 256)",
    )
    parser.add_argument("--ssl-certfile", metavar="FILE", help="serve https with this certificate")
    parser.add_argument("--ssl-keyfile", metavar="FILE")
    parser.add_argument(
        "--ssl-ca-certs", metavar="FILE", help="require client certificates signed by these"
    )
    parser.add_argument(
        "--asr",
        choices=("base", "tiny"),
        help="transcribe speech with this Whisper (extra asr): POST /v1/transcribe, and streams",
    )
    parser.add_argument(
        "--asr-device", choices=("cpu", "cuda"), default="cpu", help="where it runs (default: cpu)"
    )
    parser.add_argument(
        "--ray", action="store_true", help="score in replicas on Ray Serve (extra ray)"
    )
    parser.add_argument("--replicas", type=int, metavar="N", help="fixed number of Ray replicas")
    parser.set_defaults(run=_serve)


def _add_check_parser(actions: SubParsers) -> None:
    parser = actions.add_parser(
        "check",
        help="request verdicts on the candidates in a file",
        description="Find candidates in a file as the device would, at a loose threshold, and "
        "print the verifier's verdict on each.",
    )
    parser.add_argument("file", metavar="FILE", help="audio file")
    parser.add_argument("--url", required=True, help="address of the verifier")
    parser.add_argument(
        "--keyword",
        action="append",
        metavar="NAME|PATH",
        help="model that finds candidates; may be repeated (default: every bundled word)",
    )
    parser.add_argument("--threshold", type=float, default=_LOOSE_THRESHOLD, metavar="X")
    parser.add_argument("--encoding", choices=("s16le", "ogg_opus"), default="s16le")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    add_state_option(parser)
    add_client_options(parser)
    parser.set_defaults(run=_check)


def _check(args: argparse.Namespace) -> int:
    spotter = WakeWord(
        args.keyword or default_models(), threshold=args.threshold, device_state=args.state
    )
    verifier = Verifier(
        args.url,
        thresholds=spotter.thresholds,
        policy=VerifierPolicy(deadline_s=_CHECK_TIMEOUT_S, connect_timeout_s=_CHECK_TIMEOUT_S),
        encoding=args.encoding,
        **client_options(args),
    )
    n_candidates = 0
    with verifier:
        for candidate in detections(spotter, FileSource(args.file)):
            n_candidates += 1
            started_s = time.monotonic()
            verdict = verifier.ask(candidate)
            latency_ms = 1000 * (time.monotonic() - started_s)
            print(_line(args.file, candidate, verdict, latency_ms, args.json), flush=True)
    if not n_candidates and not args.json:
        print(f"{args.file}: no candidate at threshold {args.threshold:g}; nothing was sent")
    return 0


def _line(
    file: str, candidate: Detection, verdict: Verdict, latency_ms: float, as_json: bool
) -> str:
    first_sample = candidate.start_sample - candidate.pre_roll_samples
    record: dict[str, Any] = {
        "file": file,
        "keyword": candidate.keyword,
        "decision": verdict.decision,
        "score": verdict.score,
        "threshold": verdict.threshold,
        "device_score": candidate.score,
        "start": (first_sample + verdict.start_sample) / SAMPLE_RATE_HZ,
        "end": (first_sample + verdict.end_sample) / SAMPLE_RATE_HZ,
        "model": verdict.model,
        "latency_ms": round(latency_ms, 1),
    }
    if as_json:
        return json.dumps(record)
    return (
        "{file}: {keyword}  {decision}  score {score:.3f} of {threshold:g}  device "
        "{device_score:.3f}  {start:.2f} s to {end:.2f} s  {latency_ms:.0f} ms"
    ).format(**record)


def _serve(args: argparse.Namespace) -> int:
    require("fastapi", "server")
    require("python_multipart", "server")
    require("prometheus_client", "server")
    require("uvicorn", "server")
    from pywakeword.verifier.server.retention import AudioRetention

    if args.replicas is not None and not args.ray:
        raise ValueError("--replicas needs --ray")
    if args.asr_device != "cpu" and args.asr is None:
        raise ValueError("--asr-device needs --asr")
    _tls_options(args)  # before anything is started
    options = {
        "tokens": _read_tokens(args.token_file),
        "origins": tuple(args.allow_origin),
        "retention": AudioRetention(
            args.retain_audio, max_bytes=args.retain_mb << 20, max_days=args.retain_days
        )
        if args.retain_audio
        else None,
    }
    return _serve_on_ray(args, options) if args.ray else _serve_here(args, options)


def _serve_here(args: argparse.Namespace, options: dict[str, Any]) -> int:
    from pywakeword.verifier.scorer import OnnxScorer
    from pywakeword.verifier.server.app import create_app
    from pywakeword.verifier.server.transcription.whisper import whisper_transcriber

    if args.asr is not None:
        options["transcriber"] = whisper_transcriber(args.asr, args.asr_device)
    return _run(create_app(OnnxScorer(args.models, threads=args.threads), **options), args)


def _serve_on_ray(args: argparse.Namespace, options: dict[str, Any]) -> int:
    require("ray.serve", "ray")
    from pywakeword.verifier.server.ray_app import create_ray_app, ray_handle

    names = ("models", "threads", "asr", "asr_device", "replicas")
    replicas = {name: getattr(args, name) for name in names}
    with ray_handle(replicas) as handle:
        return _run(create_ray_app(handle, **options), args)


def _run(app: FastAPI, args: argparse.Namespace) -> int:
    from pywakeword.verifier.server.logs import configure_logging
    from pywakeword.verifier.server.run import make_server

    configure_logging()
    server = make_server(
        app,
        host=args.host,
        port=args.port,
        max_connections=args.max_connections,
        max_connections_per_address=args.max_connections_per_address,
        **_tls_options(args),
    )
    server.run()
    if not server.started:
        raise VerifierError(f"cannot listen on {args.host}:{args.port}")
    return 0


def _read_tokens(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    tokens = tuple(path.read_text("utf-8").split())
    if not tokens:
        raise ValueError(f"{path} holds no token, so every request would be refused")
    return tokens


def _tls_options(args: argparse.Namespace) -> dict[str, Any]:
    if not args.ssl_certfile:
        if args.ssl_keyfile or args.ssl_ca_certs:
            raise ValueError("--ssl-keyfile and --ssl-ca-certs need --ssl-certfile")
        return {}
    import ssl

    options = {"ssl_certfile": args.ssl_certfile, "ssl_keyfile": args.ssl_keyfile}
    if args.ssl_ca_certs:
        options.update(ssl_ca_certs=args.ssl_ca_certs, ssl_cert_reqs=ssl.CERT_REQUIRED)
    return options
