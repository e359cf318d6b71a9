from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers import tiny_model

import pywakeword
from pywakeword import CardError, ModelError, ModelNotFoundError, UnsupportedOpError, WakeWord
from pywakeword.models.files import (
    available_models,
    default_models,
    find_model,
    read_model,
)
from pywakeword.models.network import load_core_model

pytestmark = pytest.mark.portable


def spoil_card(model: Path, keys: str, value: Any) -> None:
    """Set one field of a card, named by a dotted path; `...` deletes it."""
    card = tiny_model.read_card(model)
    *parents, last = keys.split(".")
    section = card
    for key in parents:
        section = section[key]
    if value is ...:
        del section[last]
    else:
        section[last] = value
    tiny_model.write_card(model, card)


def test_card_is_read(beep_model: Path) -> None:
    card = read_model(beep_model).card
    assert card.keywords == ("beep",)
    assert card.smoothing_outputs == 2
    assert card.calibration["beep"].threshold_for(0.5) == 0.5
    assert card.document["description"] == "Hears tones; for tests."


def test_every_bundled_model_loads() -> None:
    assert {"alexa", "computer"} <= set(available_models())
    for name in available_models():
        assert load_core_model(read_model(name)).nbytes > 0


def test_one_model_listens_for_each_keyword(beep_model: Path, monkeypatch) -> None:
    folder = beep_model.parent
    card = tiny_model.read_card(beep_model)
    card["name"] = "beep-small"
    beep_model.with_name("beep-small.tflite").write_bytes(beep_model.read_bytes())
    tiny_model.write_card(folder / "beep-small.tflite", card)
    monkeypatch.setattr("pywakeword.models.files.bundled_dir", lambda room="": folder)
    assert available_models() == ("beep", "beep-small")
    assert default_models() == ("beep",)
    assert WakeWord("beep-small").keywords == ("beep",)
    with pytest.raises(ValueError, match="beep"):
        WakeWord(["beep", "beep-small"])


def test_streams_share_weights(beep_model: Path) -> None:
    first = load_core_model(read_model(beep_model))
    assert load_core_model(read_model(beep_model)) is first


@pytest.mark.parametrize("model", ["no_such_word", "no/such/file", "file.tflite", Path("word")])
def test_unknown_models_list_what_exists(model: str | Path, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("pywakeword.models.files.bundled_dir", lambda room="": tmp_path)
    for name in ("alexa", "computer"):
        (tmp_path / f"{name}.tflite").touch()
    with pytest.raises(ModelNotFoundError, match="bundled models: alexa, computer"):
        find_model(model)


def test_card_missing(beep_model: Path) -> None:
    beep_model.with_suffix(".json").unlink()
    with pytest.raises(CardError, match="card is missing"):
        read_model(beep_model)


@pytest.mark.parametrize("text", ["", "{", "[]", "\udcff"])
def test_card_that_is_no_object(beep_model: Path, text: str) -> None:
    card = beep_model.with_suffix(".json")
    card.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CardError, match=r"beep\.json"):
        read_model(beep_model)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("format_version", 2, "format_version is 2, this build reads 1"),
        ("name", ..., "field name is missing"),
        ("name", 7, "field name must be a string, got 7"),
        ("keywords", [], "field keywords must be at least one string"),
        ("keywords", ["beep", "beep"], "field keywords must be .* all different"),
        ("keywords", [1], "keywords must be a list of strings"),
        ("model.sha256", "00", "sha256"),
        ("model.bytes", 12, "its card says 12"),
        ("model", "beep.tflite", "field model must be an object"),
        ("detector.smoothing_outputs", 0, "smoothing_outputs must be from 1 to"),
        ("detector.frame_stride", True, "frame_stride must be a whole number, got True"),
        ("detector.frame_stride", 2, "frame_stride is 2, the model's is 4"),
        ("detector.refractory_s", -1, "refractory_s must be from 0 to 86400.0, got -1"),
        ("calibration.beep", ..., "field calibration.beep is missing"),
        ("calibration.beep.table", [], "calibration.beep: the table is empty"),
        ("calibration.beep.table", [{"threshold": 1}], r"calibration.beep.table\[0\]"),
        ("calibration.beep.by_playback", {"radio": {}}, "by_playback.radio is not one of unknown"),
        ("calibration.beep.by_playback", [], "by_playback must be an object"),
        (
            "calibration.beep.by_playback_cancelled",
            {"tts": {"table": []}},
            "by_playback_cancelled.tts.negative_hours is missing",
        ),
        ("state.playback", ["unknown"], "state field 'playback'"),
        ("state", None, "the card's state takes 0 values, the model's input 22"),
        ("frontend.hop_seconds", 1, "'hop_seconds' of the card is unknown"),
    ],
)
def test_cards_that_do_not_fit(beep_model: Path, field: str, value: Any, message: str) -> None:
    spoil_card(beep_model, field, value)
    with pytest.raises(CardError, match=message):
        WakeWord(beep_model)


@pytest.mark.parametrize("field", sorted(pywakeword._core.LFBE_SETTINGS))
def test_each_frontend_field_is_compared(beep_model: Path, field: str) -> None:
    spoil_card(beep_model, f"frontend.{field}", "something else")
    with pytest.raises(CardError, match=f"front-end field '{field}' is 'something else'"):
        read_model(beep_model)
    spoil_card(beep_model, f"frontend.{field}", ...)
    with pytest.raises(CardError, match=f"front-end field '{field}' is missing"):
        read_model(beep_model)


def test_more_keywords_than_outputs(beep_model: Path) -> None:
    card = tiny_model.read_card(beep_model)
    card["keywords"].append("boop")
    card["calibration"]["boop"] = card["calibration"]["beep"]
    tiny_model.write_card(beep_model, card)
    with pytest.raises(CardError, match="names 2 keywords, output 'logits' has 1"):
        WakeWord(beep_model)


def rewrite(model: Path, data: bytes) -> None:
    """Replace the model file, keeping the card in step with it."""
    model.write_bytes(data)
    tiny_model.write_card(model, tiny_model.make_card(model.stem, ("beep",), data))


@pytest.mark.parametrize("data", [b"", b"RIFF" * 100, bytes(1000)])
def test_foreign_file(beep_model: Path, data: bytes) -> None:
    rewrite(beep_model, data)
    with pytest.raises(ModelError, match=r"beep\.tflite: "):
        WakeWord(beep_model)


def test_truncated_model(beep_model: Path) -> None:
    rewrite(beep_model, beep_model.read_bytes()[:-700])
    with pytest.raises(ModelError, match=r"beep\.tflite: "):
        WakeWord(beep_model)


def test_operator_that_the_core_lacks(beep_model: Path) -> None:
    rewrite(beep_model, tiny_model.model_bytes(("beep",), tanh=True))
    with pytest.raises(UnsupportedOpError, match="TANH"):
        WakeWord(beep_model)
