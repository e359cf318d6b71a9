from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import tiny_model

from pywakeword import WakeWord, available_models
from pywakeword.cli import main
from pywakeword.models.bundled import bundled_dir
from pywakeword.wyoming.manifest import manifest


@pytest.mark.parametrize("model", available_models())
def test_bundled_manifests_are_current(model: str) -> None:
    path = bundled_dir() / f"{model}.manifest.json"
    assert path.exists(), "renew them: pywakeword wyoming manifest --out models"
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written == manifest(model), "renew them: pywakeword wyoming manifest --out models"


@pytest.mark.parametrize("model", available_models())
def test_manifest_says_what_the_detector_does(model: str) -> None:
    document = manifest(model)
    spotter = WakeWord(model)
    # The fields that a reader of ESPHome's manifests looks for.
    assert document["version"] == 2
    assert document["wake_word"] == spotter.keywords[0]
    assert {"author", "website", "model", "trained_languages"} <= set(document)
    # `micro` is ESPHome's own runtime; a reader must not take the model for its own.
    assert document["type"] == "pywakeword"
    details = document["pywakeword"]
    assert details["probability_cutoff"] == spotter.thresholds[spotter.keywords[0]]
    assert document["trained_languages"] == ["en"]
    assert details["feature_step_size"] == 10
    assert details["sliding_window_size"] == spotter.cards[0].smoothing_outputs


def test_command(beep_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wyoming", "manifest", "--model", str(beep_model), "--out", str(tmp_path)]) == 0
    path = tmp_path / "beep.manifest.json"
    assert capsys.readouterr().out == f"{path}\n"
    assert json.loads(path.read_text())["wake_word"] == "beep"
    assert main(["wyoming", "manifest"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["model"] for line in lines] == [
        f"{name}.tflite" for name in available_models()
    ]


def test_two_words_have_no_manifest(tmp_path: Path) -> None:
    model = tiny_model.write_model(tmp_path, ("beep", "boop"))
    with pytest.raises(ValueError, match="one wake word, not 2"):
        manifest(model)
