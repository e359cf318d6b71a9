"""Runs the studio under uvicorn, within limits."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import uvicorn

from pywakeword.audio import EchoCancelledDevices, MicrophoneSource, PcmBlock
from pywakeword.studio.app import Studio, make_app
from pywakeword.studio.guard import Guard, is_loopback
from pywakeword.studio.stream.live import MAX_MESSAGE_BYTES, OpenMicrophone

_MAX_CONNECTIONS = 200


def make_server(
    studio: Studio, *, host: str, port: int, token: str | None, **options: Any
) -> uvicorn.Server:
    """Return a server; `options` go to `uvicorn.Config`."""
    remote = not is_loopback(host)
    if remote and not token:
        raise ValueError("an address that other machines can reach needs a token")
    names = (host, socket.gethostname()) if remote else (host,)
    app = Guard(make_app(studio), token=token, hosts=names, any_address=remote)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_graceful_shutdown=2,
        **options,
    )
    return uvicorn.Server(config)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; `OSError` names the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(f"cannot listen on {host}, port {port}: {reason}") from None


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_urlsafe(24)


def microphone_opener(device: int | str | None, loudspeaker: int | str | None) -> OpenMicrophone:
    """Return what opens this machine's microphone, without the loudspeaker's echo if given."""

    def open_microphone(
        stack: ExitStack,
    ) -> tuple[Iterator[PcmBlock], Callable[[], float | None]]:
        microphone = MicrophoneSource(device, block_s=0.04)
        if loudspeaker is None:
            return iter(stack.enter_context(microphone)), lambda: None
        monitor = stack.enter_context(MicrophoneSource(loudspeaker, block_s=0.02))
        paired = EchoCancelledDevices(stack.enter_context(microphone), monitor)
        return iter(paired), lambda: paired.canceller.erle_db

    return open_microphone
