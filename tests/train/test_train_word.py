"""A word from its text, end to end, with a voice of tones; needs the extra `train`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.tone_voice import OTHERS, RATE, ToneVoice, open_tone_voice, write_training_data

import pywakeword
from pywakeword.training.data.package import find_training_data
from pywakeword.training.material.features import to_pcm
from pywakeword.training.word.plan import Amounts
from pywakeword.training.word.request import Request
from pywakeword.training.word.run import WorkFolderError, train_word
from pywakeword.training.word.text import check_text

# pyworld imports it.
pytestmark = pytest.mark.filterwarnings("ignore:pkg_resources is deprecated")
AMOUNTS = Amounts(takes=100, held_out=16, steps=120, quantized_steps=10)


def request(folder: Path, data: Path, **changed: object) -> Request:
    fields: dict[str, object] = {
        "word": check_text("hey robot"),
        "data": find_training_data(data),
        "out": folder,
        "work": folder / "work",
        "amounts": AMOUNTS,
        "size": "small",
        "make_voice": open_tone_voice,
    }
    return Request(**{**fields, **changed})


def silently(rows: object, count: int, what: str) -> object:
    return rows


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_training_data(tmp_path_factory.mktemp("data") / "files")


@pytest.fixture(scope="module")
def model(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_word(request(tmp_path_factory.mktemp("whole"), data), print, silently)


def scores(model: Path, text: str, speaker: str) -> np.ndarray:
    samples = ToneVoice().synthesize(text, speaker)
    spotter = pywakeword.WakeWord(str(model))
    return spotter.scores(to_pcm(np.pad(samples, RATE)))[:, 0]


def test_the_word_scores_higher_than_other_phrases_by_the_same_voices(model: Path) -> None:
    for speaker in ("af_heart", "bm_fable"):  # never trained on
        word = scores(model, "hey robot", speaker).max()
        others = max(scores(model, text, speaker).max() for text in OTHERS)
        assert word > 0.3
        assert word > 2 * others


def test_the_card_says_what_was_measured_and_with_what(model: Path) -> None:
    card = json.loads(model.with_suffix(".json").read_text(encoding="utf-8"))
    assert model.name == "hey_robot-small.tflite"
    calibration = card["calibration"]["hey_robot"]
    assert calibration["positives"] == 8
    assert calibration["negative_hours"] > 0
    assert card["figures"]["other_phrases_by_held_out_voices"]["takes"] == 8
    assert card["training"]["takes"] == 100
    assert card["training"]["command"] == (
        'pywakeword train "hey robot" --size small --synthetic-takes 100 --steps 120 --seed 1'
    )
    sources = {row.get("source") for row in card["data"]}
    assert {"Kokoro-82M v1.0", "tones"} <= sources
    pywakeword.WakeWord(str(model), threshold=0.5)


def test_a_run_that_was_stopped_goes_on_to_the_same_model(
    model: Path, data: Path, tmp_path: Path
) -> None:
    def stop(stage: str) -> None:
        if stage == "training":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_word(request(tmp_path, data), stop, silently)
    spoken = {p: p.stat().st_mtime_ns for p in (tmp_path / "work").rglob("*.flac")}
    assert len(spoken) == 116
    again = train_word(request(tmp_path, data, workers=1), print, silently)
    assert {p: p.stat().st_mtime_ns for p in spoken} == spoken
    assert again.read_bytes() == model.read_bytes()


def test_a_work_folder_of_another_run_is_refused(model: Path, data: Path) -> None:
    with pytest.raises(WorkFolderError, match="another seed"):
        train_word(request(model.parent, data, seed=2), print, silently)
