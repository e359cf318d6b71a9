from __future__ import annotations

import configparser
import json
import shlex
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from helpers.fake_sounddevice import FakeSoundDevice
from helpers.tiny_model import utterance

from examples.python.raspberry_pi_loop import listen, main
from pywakeword import ArraySource, WakeWord

UNIT = Path(__file__).parents[3] / "examples/python/pywakeword-loop.service"


def test_command_gets_the_details(
    beep_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    FakeSoundDevice(utterance("beep")).install(monkeypatch)
    code = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
    command = [sys.executable, "-c", code, str(tmp_path / "environment.json")]
    assert main(["--model", str(beep_model), "--command", shlex.join(command)]) == 1
    output = capsys.readouterr()
    assert "the device is gone" in output.err
    printed = json.loads(output.out)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    environment = json.loads((tmp_path / "environment.json").read_text())
    assert environment["PYWAKEWORD_KEYWORD"] == "beep"
    for name in ("score", "start_s", "end_s"):
        assert float(environment[f"PYWAKEWORD_{name.upper()}"]) == printed[name]


def test_url_gets_the_details(beep_model: Path) -> None:
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    from examples.python.raspberry_pi_loop import call_url

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/wake"
        listen(ArraySource(utterance("beep")), WakeWord(beep_model), lambda d: call_url(url, d))
        thread.join()
    assert received[0]["keyword"] == "beep"


def test_listening_goes_on_while_the_action_runs(
    beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = threading.Event()
    calls = []

    class Source(ArraySource):
        def __iter__(self) -> Iterator[npt.NDArray[np.int16]]:
            yield from super().__iter__()
            heard.set()

    def act(details: dict[str, object]) -> None:
        calls.append(details)
        assert heard.wait(30)

    pcm = np.concatenate([utterance("beep"), utterance("beep")])
    listen(Source(pcm), WakeWord(beep_model), act)
    assert len(calls) == 1
    assert capsys.readouterr().out.count("(skipped: still busy)") == 1


def test_overruns_and_failures_are_reported(
    beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Source(ArraySource):
        overruns = 2

    def act(details: dict[str, object]) -> None:
        raise FileNotFoundError("no such command")

    listen(Source(utterance("beep")), WakeWord(beep_model), act)
    error = capsys.readouterr().err
    assert error.count("audio was lost: 2 overruns so far") == 1
    assert "the action failed: no such command" in error


def test_unknown_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "no_such_word", "--command", "true"]) == 1
    assert "error: no model 'no_such_word'" in capsys.readouterr().err


def test_unit_starts_the_loop() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[method-assign, assignment]
    unit.read(UNIT)
    assert "examples/python/raspberry_pi_loop.py" in unit["Service"]["ExecStart"]
    assert unit["Install"]["WantedBy"] == "default.target"
