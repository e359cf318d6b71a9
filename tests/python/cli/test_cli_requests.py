from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers import sounds
from helpers.fake_sounddevice import FakeSoundDevice
from helpers.sounds import RATE, floor, spoken

from pywakeword.cli import main

PCM = np.concatenate([spoken("computer"), floor(4)])


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")
    path = tmp_path / "ask.wav"
    soundfile.write(path, PCM, RATE)
    return path


def test_detect_prints_what_was_said(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["detect", "--endpoint", "--model", "computer", str(wav), str(wav), "--json"]
    assert main(argv) == 0
    word, said, *again = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert word["keyword"] == "computer"
    assert set(said) == {"file", "utterance_after", "start", "end", "decided", "reason"}
    assert said["utterance_after"] == "computer"
    assert said["start"] == pytest.approx(sounds.REQUEST[0] / RATE, abs=0.1)
    assert said["end"] == pytest.approx(sounds.REQUEST[1] / RATE, abs=0.1)
    assert said["reason"] == "silence"
    assert again == [word, said]  # each file is a stream of its own
    assert main([*argv[:5], "--silence-ms", "500"]) == 0
    word_line, said_line = capsys.readouterr().out.splitlines()
    assert word_line.startswith(f"{wav}: computer  score")
    assert said_line.startswith(f"{wav}: utterance after computer  2.")
    assert said_line.endswith("silence")


def test_detect_says_when_nothing_was_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")
    path = tmp_path / "word.wav"
    soundfile.write(path, np.concatenate([PCM[: sounds.COMPUTER[1] + 800], floor(8)]), RATE)
    assert main(["detect", "--endpoint", "--model", "computer", str(path)]) == 0
    _, line = capsys.readouterr().out.splitlines()
    assert "nothing after computer" in line
    assert line.endswith("no_speech_timeout")
    assert main(["detect", "--endpoint", "--json", "--model", "computer", str(path)]) == 0
    nothing = json.loads(capsys.readouterr().out.splitlines()[1])
    assert nothing["start"] is nothing["end"] is None


def test_the_microphone_loop_prints_the_span(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def microphone(source: object) -> Iterator[np.ndarray]:
        yield from (PCM[i : i + 1280] for i in range(0, len(PCM), 1280))
        raise KeyboardInterrupt

    FakeSoundDevice().install(monkeypatch)
    monkeypatch.setattr("pywakeword.MicrophoneSource.__iter__", microphone)
    assert main(["listen", "--model", "computer"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("computer  score")
    assert lines[2].startswith("utterance after computer  2.")


def test_bad_silence_is_one_line(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", "--endpoint", "--silence-ms", "-1", str(wav)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
