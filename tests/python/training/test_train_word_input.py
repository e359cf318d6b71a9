"""What `pywakeword train` is given: the text, recordings, room on the disk, an earlier run."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.command_line import error_line

pytest.importorskip("pocketsphinx", reason="the extra pocketsphinx is not installed")
pytest.importorskip("soundfile", reason="the audio extra is not installed")

import soundfile

from pywakeword import _core
from pywakeword.training.data.package import FORMAT, TrainingDataError, find_training_data
from pywakeword.training.takes.bank import text_of
from pywakeword.training.word.own import RecordingsError, check_negatives, own_takes
from pywakeword.training.word.plan import Amounts, NoSpaceError, check_space, cost_of
from pywakeword.training.word.run import WorkFolderError, keep_settings
from pywakeword.training.word.spoken import partials, word_of
from pywakeword.training.word.takes import HeldOutPlan
from pywakeword.training.word.text import WordError, check_text, syllables, warnings_of
from pywakeword.voices import HELD_OUT

RATE = 16_000


def spoken(seconds: float = 0.7, level: float = 0.1, rate: int = RATE) -> np.ndarray:
    """A hum with harmonics in the middle of quiet."""
    t = np.arange(int(seconds * rate)) / rate
    word = sum(np.sin(2 * np.pi * 150 * h * t) / h for h in range(1, 15))
    quiet = np.random.default_rng(1).normal(0, 1e-3, len(t) + rate)
    quiet[rate // 2 : rate // 2 + len(t)] += level * word
    return quiet


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "training_data"
    folder.mkdir()
    manifest = {"format": FORMAT, "frontend": dict(_core.LFBE_SETTINGS), "hours": 8.0}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


# The text


def test_a_text_gives_the_label_of_its_model() -> None:
    word = check_text("  Hey-Robot! ")
    assert (word.spoken, word.label) == ("hey robot", "hey_robot")
    assert check_text("view_glass").spoken == "view glass"
    assert check_text("O'Hara").label == "o'hara"


@pytest.mark.parametrize(
    ("text", "language", "message"),
    [
        ("", "en", "is empty"),
        (" ... ", "en", "is empty"),
        ("a" * 300, "en", "300 characters"),
        ("one two three four five six", "en", "6 words"),
        ("привет", "en", "cannot read"),
        ("r2 d2", "en", "cannot read '2'"),
        ("' '", "en", "cannot read"),
        ("robot", "xx", "language 'xx'; there are: en"),
    ],
)
def test_a_text_that_no_voice_can_say_is_refused(text: str, language: str, message: str) -> None:
    with pytest.raises(WordError, match=message):
        check_text(text, language)


@pytest.mark.parametrize(
    ("text", "count"), [("bob", 1), ("jarvis", 2), ("hey robot", 3), ("zorblax", 2)]
)
def test_syllables(text: str, count: int) -> None:
    assert syllables(check_text(text)) == count


def test_warnings_name_what_is_to_expect() -> None:
    assert warnings_of(check_text("hey robot")) == []
    (short,) = warnings_of(check_text("bob"))
    assert "one syllable" in short
    assert "no vowel" in warnings_of(check_text("xqzt"))[0]
    (odd,) = warnings_of(check_text("zorblax"))
    assert "not in the pronouncing dictionary" in odd
    everyday = warnings_of(check_text("bread"))[-1]
    assert "everyday speech: bread" in everyday
    assert "read" in everyday


def test_what_people_say_in_the_negatives_makes_a_near_miss_everyday() -> None:
    said = ["She wrote a letter to the tudor house", "the tudor kings"]
    assert warnings_of(check_text("tutor")) == []
    (warning,) = warnings_of(check_text("tutor"), said)
    assert "tudor" in warning


# What the voices say


def test_near_misses_of_a_phrase_replace_one_of_its_words() -> None:
    word = word_of("view glass")
    assert "few glass" in word.near_misses
    assert "view class" in word.near_misses
    assert word.spoken == ("view glass",)
    assert "view glass" not in word.near_misses + word.partials
    assert partials("view glass") == ("view", "glass")
    assert "hello robot" in partials("hey robot")


def test_a_word_beyond_the_dictionary_still_has_something_near() -> None:
    word = word_of("zorblax")
    assert word.near_misses == word.partials == ("zorbl", "zorb", "rblax", "blax")


def test_held_out_takes_are_pairs_by_voices_that_are_never_trained_on() -> None:
    speakers = HELD_OUT["kokoro"]
    tasks = list(map(HeldOutPlan(1, "jarvis", word_of("jarvis"), speakers).task, range(96)))
    assert {task.speaker for task in tasks} == set(speakers)
    assert [task.called for task in tasks] == [True, False] * 48
    assert all(tasks[i].speaker == tasks[i + 1].speaker for i in range(0, 96, 2))
    assert {t.kind for t in tasks if t.called} == {"isolated", "one_breath", "pause"}
    assert not any("jarvis" in text_of(task) for task in tasks if not task.called)


# The user's recordings


def test_takes_are_kept_to_measure_from_twelve_on(tmp_path: Path) -> None:
    for i in range(12):
        soundfile.write(tmp_path / f"{i:02d}.wav", spoken(), RATE)
        if i == 2:
            assert [len(part) for part in own_takes(tmp_path, "robot")] == [3, 0]
    train, kept = own_takes(tmp_path, "robot")
    assert (len(train), len(kept)) == (10, 2)
    assert not {c.path for c in train} & {c.path for c in kept}


@pytest.mark.parametrize(
    ("name", "samples", "rate", "message"),
    [
        ("slow.wav", spoken(rate=8000), 8000, "8000 Hz; record at 16000 Hz or more"),
        ("silent.wav", np.zeros(RATE), RATE, "is silent"),
        ("clipped.wav", np.clip(30 * spoken(), -1, 1), RATE, "clipped"),
        ("long.wav", spoken(20.0), RATE, "21.0 s long"),
        ("empty.wav", np.zeros(0), RATE, "is silent"),
    ],
)
def test_each_take_that_cannot_be_used_has_a_line(
    tmp_path: Path, name: str, samples: np.ndarray, rate: int, message: str
) -> None:
    soundfile.write(tmp_path / "good.wav", spoken(), RATE)
    soundfile.write(tmp_path / name, samples, rate)
    (tmp_path / "text.wav").write_text("not audio")
    with pytest.raises(RecordingsError) as caught:
        own_takes(tmp_path, "robot")
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert any(line.startswith(str(tmp_path / name)) and message in line for line in lines)
    assert any("text.wav: cannot be read" in line for line in lines)


def test_folders_without_recordings(tmp_path: Path) -> None:
    with pytest.raises(RecordingsError, match="no such folder"):
        own_takes(tmp_path / "nothing", "robot")
    with pytest.raises(RecordingsError, match="holds no recording"):
        check_negatives(tmp_path)


# The run


def test_amounts_and_cost() -> None:
    amounts = Amounts().changed(120, 500)
    assert (amounts.takes, amounts.steps) == (150, 500)
    assert Amounts().changed(None, None) == Amounts()
    whole = cost_of(Amounts(), "standard", workers=2)
    assert 10 < whole.minutes <= 35
    assert cost_of(Amounts(), "standard", workers=4).minutes < whole.minutes
    assert cost_of(Amounts(), "small", workers=2).minutes < whole.minutes
    assert cost_of(Amounts(), "small", 2, own_takes=50).n_bytes > whole.n_bytes


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_space(tmp_path / "a" / "b", 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    with pytest.raises(NoSpaceError, match="5 MB free and the run needs 60 MB"):
        check_space(tmp_path, 60_000_000)


def test_settings_of_a_run_that_goes_on(tmp_path: Path) -> None:
    keep_settings(tmp_path / "work", {"word": "robot", "seed": 1})
    keep_settings(tmp_path / "work", {"word": "robot", "seed": 1})
    with pytest.raises(WorkFolderError, match="another seed: delete it"):
        keep_settings(tmp_path / "work", {"word": "robot", "seed": 2})


def test_training_data_that_is_missing_or_does_not_fit(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYWAKEWORD_TRAINING_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "pywakeword_training_data", None)  # though it is installed
    assert find_training_data(data).manifest["hours"] == 8.0
    with pytest.raises(TrainingDataError, match="pip install pywakeword-training-data"):
        find_training_data()
    monkeypatch.setenv("PYWAKEWORD_TRAINING_DATA", str(tmp_path))
    with pytest.raises(TrainingDataError, match="holds no training data"):
        find_training_data()
    (data / "manifest.json").write_text(json.dumps({"format": 99}), encoding="utf-8")
    with pytest.raises(TrainingDataError, match="for another version"):
        find_training_data(data)
    (data / "negatives.json").write_text("{}", encoding="utf-8")
    with pytest.raises(TrainingDataError, match="damaged"):
        find_training_data.__globals__["TrainingData"](data).store("negatives")


# The command line


def test_the_command_refuses_bad_input_in_one_line(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PYWAKEWORD_TRAINING_DATA", str(data))
    assert "is empty" in error_line(capsys, "train", "")
    assert "cannot read" in error_line(capsys, "train", "привет")
    assert "language 'xx'" in error_line(capsys, "train", "robot", "--language", "xx")
    assert "must be 1 or more" in error_line(capsys, "train", "robot", "--workers", "0")
    missing = tmp_path / "nothing"
    assert "no such folder" in error_line(capsys, "train", "robot", "--takes", missing)
    assert "no such folder" in error_line(capsys, "train", "robot", "--negatives", missing)
    monkeypatch.setenv("PYWAKEWORD_TRAINING_DATA", str(missing))
    assert "holds no training data" in error_line(capsys, "train", "robot")
