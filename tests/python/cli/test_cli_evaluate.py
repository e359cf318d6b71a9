from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny_model
from helpers.tiny_model import silence, utterance

from pywakeword.cli import main

soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")
pytest.importorskip("matplotlib", reason="the evaluate extra is not installed")
pytest.importorskip("tqdm", reason="the evaluate extra is not installed")


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    """Three takes of the word, one of them inaudible, and 40 s without it."""
    for name in ("positives/deeper", "negatives"):
        (tmp_path / name).mkdir(parents=True)
    for path in ("a.wav", "b.flac"):
        soundfile.write(tmp_path / "positives" / path, utterance("beep"), 16000)
    soundfile.write(tmp_path / "positives/deeper/c.wav", silence(1), 16000)
    noise = np.random.default_rng(7).normal(0, 1000, 36 * 16000).astype(np.int16)
    soundfile.write(tmp_path / "negatives/noise.wav", noise, 16000)
    soundfile.write(tmp_path / "negatives/boop.wav", utterance("boop", 2, 1.7), 16000)
    (tmp_path / "negatives/notes.txt").write_text("no audio")
    return tmp_path


def evaluate(audio: Path, model: Path, *options: str) -> int:
    directories = [f"--{name}={audio / name}" for name in ("positives", "negatives", "out")]
    return main(["evaluate", "--model", str(model), *directories, *options])


def test_evaluate(audio: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rates = ["--false-accepts-per-hour", "1", "100"]
    assert evaluate(audio, beep_model, "--state", "playback=music", *rates) == 0
    output = capsys.readouterr()
    assert "100 FA/h: FRR 33.33% (95 % 6.15% to 79.23%, 1 of 3 missed)" in output.out
    assert "no FA in 0.0111 h: FRR 33.33%" in output.out
    assert "1 FA/h: not measurable on 0.0111 h of negatives" in output.out
    assert output.err == "", "a progress bar belongs on a terminal only"
    results = json.loads((audio / "out/results.json").read_text())
    assert results["keyword"] == "beep"
    assert results["state"] == {"device_type": "unknown", "playback": "music", "volume": None}
    assert results["positives"]["files"] == 3
    assert results["negatives"]["files"] == 2
    assert results["negatives"]["hours"] == pytest.approx(40 / 3600)
    assert results["unsupported_rates"] == [1.0]
    strict, point = results["operating_points"]
    assert (strict["false_accepts_per_hour"], strict["measured_false_accepts"]) == (0, 0)
    assert (point["misses"], point["positives"]) == (1, 3)
    misses = [row["miss_rate"] for row in results["det_curve"]]
    assert misses == sorted(misses)
    assert (audio / "out/det.png").read_bytes().startswith(b"\x89PNG")


def test_state_changes_the_result(audio: Path, beep_model: Path) -> None:
    rate = ["--false-accepts-per-hour", "100"]
    assert evaluate(audio, beep_model, "--state", "playback=alarm", *rate) == 0
    *_, point = json.loads((audio / "out/results.json").read_text())["operating_points"]
    assert point["misses"] == 3  # of which one is missed in the state of the test above


def test_keyword_of_several(audio: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny_model.write_model(audio, ("beep", "boop"))
    assert evaluate(audio, model) == 2
    assert "keywords with --keyword: beep, boop" in capsys.readouterr().err
    assert evaluate(audio, model, "--keyword", "bip") == 2
    assert "no keyword 'bip'; it has: beep, boop" in capsys.readouterr().err
    assert evaluate(audio, model, "--keyword", "boop") == 0
    assert json.loads((audio / "out/results.json").read_text())["keyword"] == "boop"


def test_directories(audio: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(audio, beep_model, f"--negatives={audio / 'nowhere'}") == 2
    assert "nowhere: no such directory" in capsys.readouterr().err
    assert evaluate(audio, beep_model, f"--negatives={beep_model}") == 2
    assert f"{beep_model.name}: is no directory" in capsys.readouterr().err
    (audio / "empty").mkdir()
    assert evaluate(audio, beep_model, f"--positives={audio / 'empty'}") == 2
    assert "empty: no audio files" in capsys.readouterr().err


def test_damaged_files_are_named_and_do_not_count(
    audio: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(audio, beep_model) == 0
    whole = json.loads((audio / "out/results.json").read_text())
    capsys.readouterr()
    for folder in ("positives", "negatives"):
        (audio / folder / "bad.wav").write_text("no audio")
        samples = np.concatenate([utterance("beep") / 32768, np.full(40000, np.nan)])
        soundfile.write(audio / folder / "nan.wav", samples, 16000, subtype="FLOAT")
    soundfile.write(audio / "positives/none.wav", np.zeros(0, np.int16), 16000)
    assert evaluate(audio, beep_model) == 2
    errors = capsys.readouterr().err
    assert errors.count("bad.wav: not readable audio") == 2
    assert errors.count("nan.wav: holds NaN") == 2
    assert errors.count("none.wav: no audio in it") == 1
    assert json.loads((audio / "out/results.json").read_text()) == whole


def test_nothing_readable_is_an_error(
    audio: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (audio / "bad").mkdir()
    (audio / "bad/bad.wav").write_text("no audio")
    for option in ("positives", "negatives"):
        assert evaluate(audio, beep_model, f"--{option}={audio / 'bad'}") == 2
        assert "bad: no readable audio" in capsys.readouterr().err


@pytest.mark.parametrize("missed", [False, True])
@pytest.mark.parametrize("takes", [1, 3, 10])
def test_nothing_or_everything_missed_is_drawn(
    tmp_path: Path, beep_model: Path, takes: int, missed: bool
) -> None:
    for name in ("positives", "negatives"):
        (tmp_path / name).mkdir()
    word, other = ("boop", "beep") if missed else ("beep", "boop")
    for i in range(takes):
        soundfile.write(tmp_path / f"positives/{i}.wav", utterance(word), 16000)
    soundfile.write(tmp_path / "negatives/0.wav", utterance(other), 16000)
    assert evaluate(tmp_path, beep_model) == 0
    strict, *_ = json.loads((tmp_path / "out/results.json").read_text())["operating_points"]
    assert strict["misses"] == (takes if missed else 0)
    assert strict["frr_low"] <= strict["frr"] <= strict["frr_high"]
    assert (tmp_path / "out/det.png").read_bytes().startswith(b"\x89PNG")


def test_negatives_without_a_sample(
    audio: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (audio / "none").mkdir()
    soundfile.write(audio / "none/0.wav", silence(0), 16000)
    assert evaluate(audio, beep_model, f"--negatives={audio / 'none'}") == 2
    assert "without the word is empty" in capsys.readouterr().err
