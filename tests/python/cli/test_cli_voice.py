"""`pywakeword say`, `run` and `wyoming serve`."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.child_process import PYWAKEWORD, run, start
from helpers.command_line import error_line
from helpers.fake_sounddevice import FakeSoundDevice
from helpers.sounds import GOLDEN, floor, spoken
from helpers.voices import require_engine

from pywakeword import Detection
from pywakeword.cli import main
from pywakeword.session import DuplexDevice
from pywakeword.tts import Addon

COMPUTER = str(GOLDEN / "computer.wav")


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_engine("espeak-ng")
    monkeypatch.setenv("PYWAKEWORD_VOICES", str(tmp_path / "no-voices"))


def read(path: Path) -> tuple[np.ndarray, int]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()


def test_say_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    assert main(["say", "Good morning.", "--backend", "espeak-ng", "--out", str(out)]) == 0
    plain, rate_hz = read(out)
    assert rate_hz == 22050
    assert len(plain) > rate_hz // 2
    assert main(["say", "Good morning.", "--rate", "2", "--volume", "0.5", "--out", str(out)]) == 0
    changed, _ = read(out)
    assert len(changed) < 0.75 * len(plain)
    assert np.abs(changed).max() < 0.7 * np.abs(plain).max()


@pytest.mark.skipif(sys.platform == "win32", reason="/dev/stdout is POSIX")
@pytest.mark.parametrize("out", ["-", "/dev/stdout"])
def test_say_into_a_pipe(tmp_path: Path, out: str) -> None:
    assert main(["say", "Good morning.", "--out", str(tmp_path / "a.wav")]) == 0
    expected, _ = read(tmp_path / "a.wav")
    found = run(*PYWAKEWORD, "say", "Good morning.", "--out", out, check=True)
    assert found.stderr.decode().strip() == (
        "speaking with espeak-ng, the best voice that is installed"
    )
    assert found.stdout[40:44] == b"\xff\xff\xff\xff"
    np.testing.assert_array_equal(np.frombuffer(found.stdout[44:], "<i2"), expected)


def test_say_from_a_closed_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["say", "-", "--out", str(tmp_path / "a.wav")]) == 2
    assert capsys.readouterr().err == "pywakeword say: error: standard input is closed\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8:surrogateescape"])
def test_say_of_bytes_without_meaning(tmp_path: Path, encoding: str) -> None:
    say = [*PYWAKEWORD, "say", "--out", tmp_path / "a.wav"]
    variables = {"PYTHONIOENCODING": encoding}
    found = run(*say, "-", input=b"Good \xff\xfe morning.\n", variables=variables)
    assert found.returncode == 2
    assert b"say: error: standard input is not in the encoding utf-8" in found.stderr
    found = run(*say, os.fsdecode(b"Good \xff morning."))
    assert (found.returncode, found.stderr.count(b"\n")) == (2, 1)
    assert b"the text is not in the encoding utf-8" in found.stderr


def test_say_markup(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    lengths = []
    for options in (["a<break time='2s'/> b", "--ssml"], ["a b"], ["Is it?", "--direct"]):
        assert main(["say", *options, "--backend", "espeak-ng", "--out", str(out)]) == 0
        lengths.append(len(read(out)[0]))
    assert lengths[0] - lengths[1] > 1.5 * 22050


def test_say_with_an_addon(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    assert main(["say", "Good morning.", "--addon", "slt-parallel", "--out", str(out)]) == 0
    sound, rate_hz = read(out)
    np.testing.assert_array_equal(sound, Addon.load("slt-parallel").synthesize("Good morning."))
    assert 0.4 < len(sound) / rate_hz < 2


def test_say_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.wav"
    monkeypatch.setattr(sys, "stdin", io.StringIO("One sentence. \nAnother one."))
    assert main(["say", "-", "--out", str(out)]) == 0
    assert len(read(out)[0]) > 22050


def test_say_through_the_loudspeaker(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSoundDevice().install(monkeypatch)
    assert main(["say", "Good morning."]) == 0
    (options,) = fake.opened
    assert (options["samplerate"], options["dtype"]) == (22050, "int16")
    assert len(fake.played) > 22050  # bytes
    assert fake.closed == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["say", " "], "nothing to say"),
        (["say", "x", "--rate", "9"], "rate must be from 0.25 to 4"),
        (["say", "-", "--ssml"], "markup needs the whole text"),
        (["say", "x", "--backend", "wyoming"], "tcp://HOST:PORT"),
        (["say", "x", "--addon", "nobody"], "nobody: no such addon"),
        (["say", "x", "--addon", "slt-parallel", "--url", "http://x"], "no --url"),
        (["say", "x", "--addon", "slt-parallel", "--rate", "2"], "cannot change the rate"),
        (["say", "x", "--voice", "xyzzy", "--out", "x.wav"], "voice"),
        (["say", "x", "--out", "no/such/directory/x.wav"], "No such file"),
        (["run", "no_such.wav"], "no such file"),
        (["run", "--out", "x.wav"], "--out needs a FILE"),
        (["run", COMPUTER, "--device", "USB"], "--device is for the microphone"),
        (["run", COMPUTER, "--stt", "localhost"], "tcp://HOST:PORT"),
        (["run", COMPUTER, "--say", "x", "--backend", "piper", "--url", "x"], "http://"),
        (["wyoming", "serve", "--uri", "tcp://0.0.0.0:10400"], "without password"),
        (["wyoming", "serve", "--zeroconf"], "--allow-remote"),
        (["wyoming", "serve", "--uri", "0.0.0.0"], "tcp://HOST:PORT"),
        (["wyoming", "serve", "--uri", "tcp://127.0.0.1:99999"], "'tcp://127.0.0.1:99999': Port"),
        (["wyoming", "serve", "--uri", "unix:///no_such/a"], "No such file.*unix:///no_such/a"),
        (["wyoming", "serve", "--model", "no_such_word"], "no model"),
    ],
)
def test_bad_input(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    FakeSoundDevice(has_device=False).install(monkeypatch)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error or re.search(message, error)
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", ["-", "none.wav"])
def test_run_without_audio(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name != "-":
        name = str(tmp_path / name)
        with wave.open(name, "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    assert main(["run", name, "--model", "computer"]) == 2
    what = "standard input" if name == "-" else name
    assert capsys.readouterr().err.endswith(f"pywakeword run: error: {what}: no audio in it\n")


def test_run_on_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "played.wav"
    arguments = ["run", COMPUTER, "--model", "computer", "--say", "Good.", "--json"]
    assert main([*arguments, "--out", str(out)]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["trigger"] for r in records if r["event"] == "StateChanged"] == [
        "word",
        "utterance",
        "answer",
        "played",
        "end of audio",
    ]
    begin, end = (r["at"] for r in records if r["event"] == "PlaybackChanged" and r["at"])
    played, rate_hz = read(out)
    assert rate_hz == 16000
    assert not played[: round(begin * 16000)].any()
    assert played[round(begin * 16000) : round(end * 16000)].any()
    assert not played[round(end * 16000) :].any()


def test_run_asks_a_program(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nwc -c > \"$1\"\necho 'I have heard you.'\n")
    program.chmod(0o755)
    heard = tmp_path / "heard"
    command = ["--command", f"{program} {heard}", "--model", "computer"]
    assert main(["run", COMPUTER, *command]) == 0
    assert "played" in capsys.readouterr().out
    assert 1.5 * 32000 < int(heard.read_text()) < 4 * 32000
    assert main(["run", COMPUTER, "--command", "false", "--model", "computer"]) == 0
    output = capsys.readouterr()
    assert "failed  state waiting" in output.out
    assert "application failed: false ended with exit code 1" in output.err


def test_run_with_a_verifier(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    class AsyncVerifier:
        def __init__(self, url: str, *, thresholds: dict[str, float], **options: object) -> None:
            made.append((url, list(thresholds), options["sent_log"]))

        async def __aenter__(self) -> AsyncVerifier:
            return self

        async def __aexit__(self, *_: object) -> None:
            made.append("closed")

        async def verify(self, detection: Detection) -> SimpleNamespace:
            return SimpleNamespace(accepted=detection.keyword != "computer")

    monkeypatch.setattr("pywakeword.commands.run.AsyncVerifier", AsyncVerifier)
    url = "http://127.0.0.1:8080"
    assert main(["run", COMPUTER, "--model", "computer", "--verify", url]) == 0
    assert "rejected  state waiting" in capsys.readouterr().out
    assert made == [(url, ["computer"], None), "closed"]


def test_run_on_the_microphone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pcm = np.concatenate([spoken("computer"), floor(40)])
    fake = FakeSoundDevice(pcm).install(monkeypatch)
    # A busy machine may keep the fake waiting for longer than a real device would be silent.
    monkeypatch.setitem(DuplexDevice.__init__.__kwdefaults__, "timeout_s", 60.0)
    assert main(["run", "--model", "computer", "--say", "Good morning to you.", "--json"]) == 2
    output = capsys.readouterr()
    assert "the default audio device stopped: the device is gone" in output.err
    records = [json.loads(line) for line in output.out.splitlines()]
    triggers = [r["trigger"] for r in records if r["event"] == "StateChanged"]
    assert triggers[:3] == ["word", "utterance", "answer"]
    # What is reported as played is what the device was given, its latency later.
    begin = next(r["at"] for r in records if r.get("playback") == "tts")
    played = np.frombuffer(fake.played, np.int16)
    first = np.flatnonzero(played)[0]
    assert 0 <= first + 16000 * fake.latency_s - 16000 * begin < 3200  # espeak-ng's own silence
    assert fake.closed == 1


def test_wyoming_serve() -> None:
    wyoming = pytest.importorskip("wyoming.client", reason="needs the extra 'wyoming'")
    from wyoming.info import Describe, Info

    async def ask(port: int) -> Info:
        async with wyoming.AsyncTcpClient("127.0.0.1", port, read_timeout=30) as client:
            await client.write_event(Describe().event())
            return Info.from_event(await client.read_event())

    command = [*PYWAKEWORD, "wyoming", "serve", "--uri", "tcp://127.0.0.1:0", "--model", "alexa"]
    with start(*command, stdout=-1, stderr=-1, text=True) as process:
        line = process.stdout.readline()
        assert line.startswith("serving alexa at tcp://127.0.0.1:")
        info = asyncio.run(ask(int(line.rpartition(":")[2])))
        assert [model.name for model in info.wake[0].models] == ["alexa"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


def test_wyoming_serve_warns() -> None:
    pytest.importorskip("wyoming.client", reason="needs the extra 'wyoming'")
    command = [*PYWAKEWORD, "wyoming", "serve", "--uri", "tcp://0.0.0.0:0", "--allow-remote"]
    with start(*command, stdout=-1, stderr=-1, text=True) as process:
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        served, _, address = line.partition(" at ")
        words = served.removeprefix("serving ").split(", ")
        assert {"alexa", "computer"} <= set(words)
        assert address.startswith("tcp://0.0.0.0:")
        assert process.wait(30) == 0
        assert "warning: tcp://0.0.0.0:" in process.stderr.read()


@pytest.mark.parametrize("text", ["", "  ", "!!!"])
def test_nothing_to_say(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require_engine("flite")
    said = []
    out = tmp_path / "x.wav"
    options = ("--addon", "slt-parallel", "--out", out)
    said.append(error_line(capsys, "say", text, *options))
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    said.append(error_line(capsys, "say", "-", *options))
    assert said == ["pywakeword say: error: there is nothing to say: the text has no words"] * 2
    assert not out.exists()


@pytest.mark.parametrize("volume", ["1", "0"])
def test_silence_is_no_speech(
    volume: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require_engine("espeak-ng")
    out = tmp_path / "x.wav"
    text = "..." if volume == "1" else "computer"
    line = error_line(
        capsys, "say", text, "--backend", "espeak-ng", "--volume", volume, "--out", out
    )
    assert (
        line == "pywakeword say: error: there is nothing to say: the voice made silence of the text"
    )
    assert not out.exists()


def test_speech_into_a_closed_stream(tmp_path: Path) -> None:
    require_engine("espeak-ng")
    command = f"{sys.executable} -m pywakeword say hello --backend espeak-ng --out - >&-"
    # Not in the source tree, where Python finds the package without its extension.
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "pywakeword say: error: standard output is closed"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["こんにちは"], "cannot say 'こ'"),
        (["hola", "--language", "es"], "speaks English, not 'es'"),
    ],
)
def test_an_addon_refuses_what_it_cannot_say(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    require_engine("flite")
    line = error_line(
        capsys, "say", *options, "--addon", "slt-parallel", "--out", tmp_path / "x.wav"
    )
    assert message in line
