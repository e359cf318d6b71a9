"""`pywakeword studio`: a local page that shows what the detector computes."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pywakeword._extras import require
from pywakeword.commands._options import SubParsers, add_model_options, parse_device
from pywakeword.errors import ModelError
from pywakeword.models.configuration import read_configuration
from pywakeword.models.files import default_models
from pywakeword.wakeword import WakeWord


def add_parser(commands: SubParsers) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "studio",
        help="a page in the browser: look, try, record, train, set the threshold",
        description="Serve a page on this machine that shows what the detector computes. "
        "Nothing leaves the machine.",
    )
    add_model_options(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address (default: this machine only)")
    parser.add_argument("--port", type=int, default=8765, help="port (default: 8765)")
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="allow an address that other machines can reach; a token is then required",
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="the token (default: a new one each time)"
    )
    parser.add_argument("--ssl-certfile", metavar="FILE", help="serve https with this certificate")
    parser.add_argument("--ssl-keyfile", metavar="FILE")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("pywakeword-studio"),
        metavar="DIR",
        help="for the configuration, takes, kept clips and models (default: pywakeword-studio)",
    )
    parser.add_argument(
        "--max-upload-mb",
        type=int,
        default=2048,
        metavar="N",
        help="largest recording that the page may send (default: 2048)",
    )
    parser.add_argument(
        "--device", metavar="NAME|INDEX", help="microphone of this machine (default: the system's)"
    )
    parser.add_argument(
        "--loudspeaker",
        metavar="NAME|INDEX",
        help="a second input that records what the loudspeaker plays: its echo is subtracted",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    for module in ("starlette", "uvicorn", "websockets"):
        require(module, "studio")
    from pywakeword.studio.app import Studio
    from pywakeword.studio.catalogue import Catalogue
    from pywakeword.studio.guard import is_loopback
    from pywakeword.studio.run import listen, make_server, microphone_opener, new_token

    remote = not is_loopback(args.host)
    if remote and not args.allow_remote:
        raise ValueError(
            f"--host {args.host} can be reached by other machines: give --allow-remote too"
        )
    if args.ssl_keyfile and not args.ssl_certfile:
        raise ValueError("--ssl-keyfile needs --ssl-certfile")
    if not 0 <= args.port <= 65535:
        raise ValueError(f"--port must be from 0 to 65535, got {args.port}")
    if args.max_upload_mb < 1:
        raise ValueError(f"--max-upload-mb must be at least 1, got {args.max_upload_mb}")
    token = _read_token(args.token_file) if args.token_file else new_token() if remote else None
    catalogue = Catalogue(*_choice(args))
    open_microphone = microphone_opener(parse_device(args.device), parse_device(args.loudspeaker))
    tls = {"ssl_certfile": args.ssl_certfile, "ssl_keyfile": args.ssl_keyfile}
    with listen(args.host, args.port) as listener:
        studio = Studio(
            catalogue,
            args.folder.absolute(),
            open_microphone,
            max_upload_bytes=args.max_upload_mb << 20,
        )
        try:
            server = make_server(
                studio,
                host=args.host,
                port=args.port,
                token=token,
                **(tls if args.ssl_certfile else {}),
            )
            if remote:
                print(f"warning: {_warning(args)}", file=sys.stderr)
            print(f"the studio is at {_address(args, listener, token)}", flush=True)
            server.run(sockets=[listener])
        finally:
            studio.close()
    return 0


def _address(args: argparse.Namespace, listener: socket.socket, token: str | None) -> str:
    scheme = "https" if args.ssl_certfile else "http"
    host = f"[{args.host}]" if ":" in args.host else args.host
    query = f"?token={token}" if token else ""
    return f"{scheme}://{host}:{listener.getsockname()[1]}/{query}"


def _choice(args: argparse.Namespace) -> tuple[Sequence[str], Mapping[str, float]]:
    """Return the models to begin with, and the threshold of each word."""
    if args.config is None:
        models = args.model or default_models()
    else:
        models = read_configuration(args.config).models
    if not models:
        raise ModelError("no models are bundled; name one with --model")
    options = {"threshold": args.threshold, "false_accepts_per_hour": args.fa_per_hour}
    if args.config is None:
        return models, WakeWord(models, **options).thresholds
    return models, WakeWord.from_config(args.config, **options).thresholds


def _warning(args: argparse.Namespace) -> str:
    text = f"{args.host} can be reached by other machines; whoever has the token can listen"
    if args.ssl_certfile:
        return text
    return (
        f"{text}. Without --ssl-certfile, the audio crosses the network unencrypted, and browsers "
        "of other machines give no microphone"
    )


def _read_token(path: Path) -> str:
    token = path.read_text("utf-8").strip()
    if len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(f"{path} must hold one token of at least 16 letters and digits")
    return token
