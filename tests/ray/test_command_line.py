"""`pywakeword verifier serve --ray` as a process: pytest -W default tests/ray."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
from helpers.child_process import PYWAKEWORD, start
from helpers.tiny_verifier import write_verifier

START_S = 900  # Ray starts many processes: seconds at rest, minutes on a busy machine


def test_serve_with_ray(tmp_path: Path) -> None:
    write_verifier(tmp_path, "beep")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*PYWAKEWORD, "verifier", "serve", "--ray", "--replicas", "1", "--port", port]
    with start(*command, "--models", tmp_path, stderr=subprocess.DEVNULL) as process:
        try:
            health = wait_for(f"http://127.0.0.1:{port}/healthz", process)
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130)
    assert health == {"status": "ok", "keywords": ["beep"]}


def wait_for(url: str, process: subprocess.Popen) -> object:
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s and process.poll() is None:
        try:
            reply = httpx.get(url, timeout=5, trust_env=False)
        except httpx.TransportError:
            reply = None
        if reply is not None and reply.status_code == 200:
            return reply.json()
        time.sleep(0.5)
    raise AssertionError(f"no answer; exit status {process.poll()}")
