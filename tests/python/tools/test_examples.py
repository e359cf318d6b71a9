"""Each example in Python runs as a user would start it."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
from helpers.fake_sounddevice import FakeSoundDevice
from helpers.tiny_model import utterance

from pywakeword import AudioDeviceError

EXAMPLES = Path(__file__).parents[3] / "examples/python"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")
    path = tmp_path / "beep.wav"
    soundfile.write(path, utterance("beep"), 16000)
    return path


def run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def test_microphone(
    beep_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeSoundDevice(utterance("beep")).install(monkeypatch)
    with pytest.raises(AudioDeviceError, match="the device is gone"):
        run(monkeypatch, "microphone.py", beep_model)
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "beep at 0.88 s, score 1.00"


def test_own_word(
    beep_model: Path,
    recording: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(monkeypatch, "own_word.py", beep_model, recording)
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "beep at 0.88 s, score 1.00"


def test_verifier(
    beep_model: Path,
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("fastapi", reason="the verifier's server is not installed")
    from helpers.verifier_server import serving

    with serving(tmp_path) as url:
        run(monkeypatch, "verifier.py", url, beep_model, recording)
    assert capsys.readouterr().out == "beep accepted by the verifier (accept)\n"


def test_every_example_has_a_test() -> None:
    tested = {"microphone.py", "own_word.py", "verifier.py", "raspberry_pi_loop.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == tested
