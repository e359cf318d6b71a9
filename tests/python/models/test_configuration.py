"""Configuration files: what they say counts, and what is wrong in one is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.command_line import error_line
from helpers.sounds import spoken

from pywakeword import ConfigError, WakeWord
from pywakeword.cli import main
from pywakeword.models.configuration import read_configuration, write_configuration

pytestmark = pytest.mark.portable


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "wakeword.json"
    document = {"format_version": 1, "models": ["computer"], "thresholds": {"computer": 0.5}}
    path.write_text(json.dumps({**document, **changes}), encoding="utf-8")
    return path


def test_models_and_thresholds_come_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "wakeword.json"
    write_configuration(path, ["computer", "alexa"], {"computer": 0.625})
    spotter = WakeWord.from_config(path, pre_roll_s=0.25)
    assert spotter.thresholds == {"computer": 0.625, "alexa": WakeWord("alexa").thresholds["alexa"]}
    assert spotter.pre_roll_s == 0.25
    assert [d.keyword for d in spotter.process(spoken("computer"))] == ["computer"]


def test_another_threshold_replaces_those_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert WakeWord.from_config(path, threshold=0.75).thresholds == {"computer": 0.75}


def test_a_path_counts_from_the_folder_of_the_file(tmp_path: Path, beep_model: Path) -> None:
    write_configuration(tmp_path / "c.json", ["models/beep.tflite"], {"beep": 0.5})
    assert read_configuration(tmp_path / "c.json").models == (str(beep_model),)
    assert WakeWord.from_config(tmp_path / "c.json").keywords == ("beep",)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = write(tmp_path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_configuration(path, ["computer"], {"computer": object()})  # type: ignore[dict-item]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 2}, "format_version is 2, this build reads 1"),
        ({"models": "computer"}, "models must be a list of strings"),
        ({"models": []}, "models must be at least one string"),
        ({"thresholds": {"computer": 1.5}}, "thresholds.computer must be above 0 and at most 1"),
        ({"thresholds": {"computer": "0.5"}}, "thresholds.computer must be a number"),
        ({"threshold": {}}, "threshold is not a field that this build knows"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(ConfigError) as caught:
        read_configuration(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_a_folder_and_a_text_are_no_configuration(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "a.json"):
        (tmp_path / "a.json").write_text("{", encoding="utf-8")
        with pytest.raises(ConfigError, match="not a readable configuration"):
            read_configuration(path)
    with pytest.raises(ConfigError, match="no such configuration"):
        read_configuration(tmp_path / "missing.json")


def test_commands_read_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("soundfile", reason="the audio extra is not installed")
    golden = Path(__file__).parents[2] / "golden" / "computer.wav"
    assert main(["detect", "--config", str(write(tmp_path)), "--json", str(golden)]) == 0
    assert json.loads(capsys.readouterr().out)["keyword"] == "computer"
    missing = error_line(capsys, "detect", "--config", tmp_path / "no.json", golden)
    assert "no such configuration" in missing
    both = error_line(capsys, "detect", "--config", "a", "--model", "b", golden)
    assert "not allowed with argument" in both
    unknown = write(tmp_path, thresholds={"komputer": 0.5})
    assert "unknown keyword 'komputer'" in error_line(capsys, "detect", "--config", unknown, golden)
