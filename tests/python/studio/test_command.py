"""`pywakeword studio` as a process: its address, a token, and a port that is taken."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

pytest.importorskip("starlette", reason="the studio extra is not installed")
pytest.importorskip("uvicorn", reason="the studio extra is not installed")

from helpers.command_line import error_line


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_it_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pywakeword", "studio", "--model", "computer-small"]
    options = ["--port", "0", "--host", "0.0.0.0", "--allow-remote"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().split()[-1].replace("0.0.0.0", "127.0.0.1")
        page, _, token = address.partition("?token=")
        assert len(token) >= 32
        with pytest.raises(HTTPError, match="401"):
            urllib.request.urlopen(page, timeout=60)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address, timeout=60) as answer:
            assert answer.url == page
            assert b"<title>pywakeword studio</title>" in answer.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130)
        assert process.stderr.read().startswith("warning: 0.0.0.0 can be reached by other")
    finally:
        process.kill()
        process.communicate()
    assert list(tmp_path.iterdir()) == [], "nothing is written before a person asks for it"


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = error_line(capsys, "studio", "--model", "computer-small", "--port", port)
    assert f"cannot listen on 127.0.0.1, port {port}" in line
