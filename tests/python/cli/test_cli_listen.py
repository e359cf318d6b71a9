from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.fake_sounddevice import FakeSoundDevice
from helpers.tiny_model import utterance

from pywakeword.cli import main
from pywakeword.commands.listen import level_dbfs


def test_detections_and_end_of_device(
    beep_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeSoundDevice(utterance("beep"), overflow_at_block=0).install(monkeypatch)
    assert main(["listen", "--model", str(beep_model)]) == 2
    output = capsys.readouterr()
    assert "listening for beep (threshold 0.5); Ctrl-C ends" in output.out
    assert "beep  score " in output.out
    assert "audio was lost: 1 overruns so far\n" in output.err
    assert output.err.endswith("the default microphone stopped: the device is gone\n")


def test_interrupt_ends_cleanly(
    beep_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(source: object) -> object:
        raise KeyboardInterrupt

    fake = FakeSoundDevice().install(monkeypatch)
    monkeypatch.setattr("pywakeword.MicrophoneSource.__iter__", interrupt)
    assert main(["listen", "--model", str(beep_model), "--device", "1"]) == 0
    assert capsys.readouterr().out.endswith("stopped; 0 overruns\n")
    assert fake.opened[0]["device"] == 1
    assert fake.closed == 1


def test_meter_on_a_terminal(
    beep_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeSoundDevice(utterance("beep")).install(monkeypatch)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    main(["listen", "--model", str(beep_model)])
    text = capsys.readouterr().out
    assert f"\r[{' ' * 30}]   -60 dBFS  beep 0.00" in text
    assert f"\r[{'#' * 22}{' ' * 8}]   -15 dBFS  beep 1.00" in text


def test_list_devices(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    FakeSoundDevice().install(monkeypatch)
    assert main(["listen", "--list-devices"]) == 0
    assert capsys.readouterr().out == "1: Fake USB microphone (1 channels, 16000 Hz)\n"
    FakeSoundDevice(has_device=False).install(monkeypatch)
    assert main(["listen", "--list-devices"]) == 0
    assert capsys.readouterr().out == "no microphones\n"


def test_no_microphone(
    beep_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeSoundDevice(has_device=False).install(monkeypatch)
    assert main(["listen", "--model", str(beep_model)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("pywakeword listen: error: cannot open the default microphone")
    assert error.count("\n") == 1


def test_sounddevice_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert main(["listen", "--list-devices"]) == 2
    assert "pip install 'pywakeword[mic]'" in capsys.readouterr().err


def test_level() -> None:
    assert level_dbfs(np.full(100, -32768, np.int16)) == 0
    assert level_dbfs(np.full(100, 3277, np.int16)) == pytest.approx(-20, abs=0.01)
    assert level_dbfs(np.zeros(100, np.int16)) == -np.inf
    assert level_dbfs(np.zeros(0, np.int16)) == -np.inf
