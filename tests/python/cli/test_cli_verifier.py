"""`pywakeword verifier` and `listen --verify`, against a server on this machine."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="the verifier extra is not installed")
pytest.importorskip("fastapi", reason="the server extra is not installed")
pytest.importorskip("soundfile", reason="the audio extra is not installed")

import httpx
import soundfile
from helpers.child_process import PYWAKEWORD, start
from helpers.command_line import error_line
from helpers.fake_sounddevice import FakeSoundDevice
from helpers.tiny_model import silence, utterance
from helpers.tiny_verifier import write_verifier
from helpers.verifier_server import serving

from pywakeword.cli import main


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("verifier")) as address:
        yield address


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "beep.wav"
    soundfile.write(path, utterance("beep"), 16000)
    return path


def test_check(url, wav, beep_model, capsys: pytest.CaptureFixture[str]) -> None:
    check = ["verifier", "check", str(wav), "--url", url, "--keyword", str(beep_model)]
    assert main(check) == 0
    assert capsys.readouterr().out.startswith(f"{wav}: beep  accept  score ")
    assert main([*check, "--json", "--encoding", "ogg_opus"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["keyword"], row["decision"], row["threshold"]) == ("beep", "accept", 0.6)
    assert row["start"] == pytest.approx(1.0, abs=0.2)
    soundfile.write(wav, silence(1), 16000)
    assert main(check) == 0
    assert "no candidate at threshold 0.3; nothing was sent" in capsys.readouterr().out


def test_check_says_what_is_wrong(url, wav, beep_model, tmp_path, capsys) -> None:
    check = ["verifier", "check", wav, "--keyword", beep_model, "--url"]
    assert "127.0.0.1:1" in error_line(capsys, *check, "http://127.0.0.1:1")
    assert "unencrypted" in error_line(capsys, *check, "http://verifier.example")
    missing = tmp_path / "none"
    assert "no bearer token" in error_line(capsys, *check, url, "--token-file", missing)


def test_listen_shows_the_verdict(
    url, beep_model, tmp_path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeSoundDevice(utterance("beep")).install(monkeypatch)
    log = tmp_path / "sent"
    assert (
        main(["listen", "--model", str(beep_model), "--verify", url, "--sent-log", str(log)]) == 2
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("beep  score ")
    assert lines[2].startswith("beep  accepted by the verifier (accept)  score ")
    assert lines[2].endswith(" ms")
    assert len(log.read_text().splitlines()) == 2


def test_serve_as_a_process(tmp_path: Path) -> None:
    write_verifier(tmp_path)
    command = [*PYWAKEWORD, "verifier", "serve", "--port", "0", "--models", tmp_path]
    with start(*command, stderr=subprocess.PIPE, text=True) as process:
        port = 0
        for line in process.stderr:
            record = json.loads(line)  # every line is JSON, uvicorn's too
            if "running on" in record["event"]:
                port = int(record["event"].split(":")[2].split()[0])
                break
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        started_s = time.monotonic()
        process.stderr.read()
        process.wait(20)
        assert time.monotonic() - started_s < 15
        assert process.returncode in (0, -signal.SIGTERM)


def test_serve_refuses(tmp_path: Path, monkeypatch, capsys) -> None:
    serve = ["verifier", "serve", "--models", tmp_path]
    assert "no model" in error_line(capsys, *serve)
    empty = tmp_path / "tokens"
    empty.write_text("\n")
    assert "holds no token" in error_line(capsys, *serve, "--token-file", empty)
    assert "needs --ray" in error_line(capsys, *serve, "--replicas", "2")
    assert "needs --asr" in error_line(capsys, *serve, "--asr-device", "cuda")
    write_verifier(tmp_path)
    assert "need --ssl-certfile" in error_line(capsys, *serve, "--ssl-keyfile", "x")
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert "pip install 'pywakeword[server]'" in error_line(capsys, *serve)
