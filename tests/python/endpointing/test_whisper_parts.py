"""The parts of the Whisper adapter that need neither its model nor the extra `asr`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from pywakeword import MissingExtraError, RecogniserNotInstalledError, WhisperSource
from pywakeword.cli import main
from pywakeword.endpointing.recognisers.whisper.features import log_mel
from pywakeword.endpointing.recognisers.whisper.files import SIZES, find_files
from pywakeword.endpointing.recognisers.whisper.loops import without_loops
from pywakeword.endpointing.recognisers.whisper.recogniser import WhisperRecogniser


def test_loops_are_cut() -> None:
    assert without_loops("Stop it now. Stop it now. Stop it") == "Stop it now."
    assert without_loops("Turn on the light. turn on the light") == "Turn on the light."
    cut_off = "computer ring the doorbell computer ring the doorbell computer ring the door"
    assert without_loops(cut_off) == "computer ring the doorbell"
    assert without_loops("very very very very very very") == "very"
    for kept in ("seven seven seven", "no no no no", "knock knock, who is there", "one", ""):
        assert without_loops(kept) == kept


def test_the_spectrogram_of_a_tone() -> None:
    tone = np.rint(8000 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)).astype(np.int16)
    found = log_mel(tone, 80, 200)
    assert found.shape == (80, 200)
    assert found.dtype == np.float32
    # Slaney's scale: 1000 Hz is mel 15 of 45.2, so between the centres of filters 25 and 26.
    assert set(found[:, 50].argsort()[-2:]) == {25, 26}
    # The rest is silence: the floor, 8 decades of power below the maximum, over four.
    assert found.max() - found[:, 150].max() == pytest.approx(2.0, abs=1e-5)


@pytest.mark.parametrize("module", ["ctranslate2", "tokenizers"])
def test_the_missing_extra_is_named(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ctranslate2", "tokenizers"):
        monkeypatch.setitem(sys.modules, name, None if name == module else sys)
    with pytest.raises(MissingExtraError, match=r"pip install 'pywakeword\[asr\]'"):
        WhisperSource()
    with pytest.raises(ValueError, match="device must be one of cpu, cuda"):
        WhisperRecogniser(device="tpu")
    for command in ("endpoint", "run"):
        assert main([command, "--asr", "tests/golden/computer.wav"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith(f"{module} is not installed: pip install 'pywakeword[asr]'")


def test_a_model_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWAKEWORD_RECOGNISERS", str(tmp_path))
    with pytest.raises(RecogniserNotInstalledError, match="--install whisper-base"):
        find_files(None, "base")
    with pytest.raises(RecogniserNotInstalledError, match=r"no config\.json, model\.bin"):
        find_files(tmp_path, "base")
    with pytest.raises(ValueError, match="size must be one of base, tiny"):
        find_files(None, "huge")
    for name in ("config.json", "model.bin", "tokenizer.json"):
        (tmp_path / name).write_text("")
    assert find_files(tmp_path, "base") == tmp_path


def test_the_command_lists_and_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYWAKEWORD_RECOGNISERS", str(tmp_path))
    (tmp_path / "whisper-tiny").mkdir()
    assert main(["recognisers"]) == 0
    rows = [line.split()[:4] for line in capsys.readouterr().out.splitlines()]
    assert rows[1:] == [["whisper-base", "no", "148", "MB"], ["whisper-tiny", "yes", "78", "MB"]]
    assert main(["recognisers", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(entry["model"], entry["installed"]) for entry in listed] == [
        ("base", False),
        ("tiny", True),
    ]
    assert main(["recognisers", "--install", "whisper-tiny"]) == 0
    assert capsys.readouterr().out == "whisper-tiny is installed\n"
    assert main(["recognisers", "--install", "whisper"]) == 2
    assert "the recognisers are: whisper-base, whisper-tiny" in capsys.readouterr().err


def test_options_that_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    file = "tests/golden/computer.wav"
    assert main(["endpoint", "--asr", "--events", file]) == 2
    assert "--events" in capsys.readouterr().err
    assert main(["run", "--ask", file]) == 2
    assert "--ask needs --asr or --stt" in capsys.readouterr().err


def test_recipes_have_what_is_checked() -> None:
    for files in SIZES.values():
        assert files.recipe.extra == "asr"
        assert all(len(package.sha256) == 64 for package in files.recipe.packages)
