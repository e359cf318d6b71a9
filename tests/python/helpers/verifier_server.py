"""A verifier in this process, on a port of its own; and requests as bytes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from helpers.tiny_verifier import candidate, write_verifier
from pywakeword.verifier import OnnxScorer
from pywakeword.verifier.server.app import create_app
from pywakeword.verifier.server.run import DeadlineProtocol, make_server


@contextmanager
def serving(folder: Path, header_timeout_s: float = 0.5, **options: Any) -> Iterator[str]:
    """Serve the words "beep" and "boop"; yields the URL."""
    for keyword in ("beep", "boop"):
        write_verifier(folder, keyword)
    options = {"body_timeout_s": 0.5, "idle_timeout_s": 0.5, **options}
    with running(create_app(options.pop("scorer", None) or OnnxScorer(folder), **options)) as url:
        old, DeadlineProtocol.header_timeout_s = DeadlineProtocol.header_timeout_s, header_timeout_s
        try:
            yield url
        finally:
            DeadlineProtocol.header_timeout_s = old


@contextmanager
def running(app: Any, **options: Any) -> Iterator[str]:
    server = make_server(app, host="127.0.0.1", port=0, **options)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def metadata(**changes: Any) -> dict[str, Any]:
    values = {
        "request_id": "r-1",
        "keyword": "beep",
        "start_sample": 8000,
        "end_sample": 12800,
        "pre_roll_samples": 8000,
        "detector": "pywakeword test",
        "score": 0.7,
        "threshold": 0.5,
        "device_state": {"device_type": "speaker", "playback": "music", "volume": 0.5},
        "format": {"encoding": "s16le", "sample_rate_hz": 16000, "channels": 1},
    }
    return {**values, **changes}


def audio(tone: str = "beep") -> bytes:
    return candidate(tone).snippet.astype("<i2").tobytes()


def post(url: str, meta: Any = None, sound: bytes | None = None, **options: Any) -> httpx.Response:
    text = meta if isinstance(meta, bytes) else json.dumps(metadata() if meta is None else meta)
    files = {
        "metadata": ("m.json", text, "application/json"),
        "audio": ("a.raw", audio() if sound is None else sound, "audio/l16"),
    }
    return httpx.post(
        f"{url}/v1/verify", files=files, trust_env=False, verify=False, timeout=20, **options
    )


def error_of(response: httpx.Response) -> tuple[int, str]:
    body = response.json()["error"]
    assert body["message"]
    return response.status_code, body["code"]
