"""What `pywakeword train` prints before and after the run; needs the extra `train`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from helpers.tone_voice import write_training_data

from pywakeword import voices
from pywakeword.cli import main
from pywakeword.commands import train
from pywakeword.models.bundled import bundled_dir
from pywakeword.training.word import run as word_run
from pywakeword.training.word.request import Request


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(text))


def test_the_command_prints_its_plan_and_asks_before_it_downloads_or_speaks(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = bundled_dir() / "alexa-small.tflite"
    data = write_training_data(tmp_path / "data")
    monkeypatch.setenv("PYWAKEWORD_TRAINING_DATA", str(data))
    monkeypatch.setenv("PYWAKEWORD_VOICES", str(tmp_path / "voices"))
    done: list[str] = []
    monkeypatch.setattr(voices, "install", lambda name, *_: done.append(f"install {name}"))

    def trained(request: Request, *_: object) -> Path:
        done.append(f"train {request.word.label} with {request.workers}")
        return model

    monkeypatch.setattr(word_run, "train_word", trained)
    command = ["train", "hey", "robot", "--out", str(tmp_path), "--size", "small"]
    answer(monkeypatch, "n\n")
    assert main(command) == 0
    shown = capsys.readouterr()
    assert done == []
    assert shown.out == ""
    assert "1000 takes by synthetic voices" in shown.err
    assert "minutes with" in shown.err
    assert "downloads the voice kokoro" in shown.err
    assert shown.err.endswith("begin? [Y/n] ")
    answer(monkeypatch, "\n")
    assert main([*command, "--workers", "3"]) == 0
    assert done == ["install kokoro", "train hey_robot with 3"]
    shown = capsys.readouterr()
    assert shown.out == f"{model}\n"
    assert "takes missed (takes: split=dev in quiet)" in shown.err
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # no terminal: no question
    assert main(command) == 0
    assert "begin?" not in capsys.readouterr().err


def test_progress_without_a_terminal_is_a_line_per_five_percent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert list(train._bar(iter(range(40)), 40, "takes")) == list(range(40))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 20
    assert (lines[0], lines[-1]) == ("takes 5 %", "takes 100 %")
    assert list(train._bar(iter(()), 0, "takes")) == []
    train._report("training 20 %")
    assert capsys.readouterr().err == "training 20 %\n"
