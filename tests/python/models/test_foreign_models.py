from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import tiny_model

from pywakeword import ModelError, WakeWord

TFLITE = b"\x1c\0\0\0TFL3" + bytes(3000)
MICRO = json.dumps({"type": "micro", "wake_word": "Hey", "model": "hey.tflite", "version": 2})


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("hey.ppn", bytes(99), "Porcupine model"),
        ("hey.onnx", b"\x08\x08\x12\x07pytorch", "openWakeWord"),
        ("hey.json", MICRO.encode(), "microWakeWord manifest"),
        ("hey.tflite", TFLITE, "card is missing.*not a pywakeword model but.*microWakeWord"),
        ("hey.tflite", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("hey.tflite", b"\n<!DOCTYPE html><html></html>", "HTML page"),
    ],
)
@pytest.mark.parametrize("bare", [False, True])
def test_what_a_file_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    data: bytes,
    message: str,
    bare: bool,
) -> None:
    (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=message) as caught:
        WakeWord(name if bare else tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_micro_wake_word_model_with_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "hey.tflite").write_bytes(TFLITE)
    (tmp_path / "hey.json").write_text(MICRO)
    with pytest.raises(ModelError, match="microWakeWord manifest: field micro"):
        WakeWord(tmp_path / "hey.tflite")


def test_a_card_is_not_a_model(tmp_path: Path) -> None:
    path = tiny_model.write_model(tmp_path, ("beep",))
    with pytest.raises(ModelError, match=r"give the beep\.tflite"):
        WakeWord(path.with_suffix(".json"))
    assert WakeWord(path).keywords == ("beep",)
