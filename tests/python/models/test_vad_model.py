"""The voice activity model: bundled, but no wake word; refused where it does not fit."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.child_process import run

import pywakeword
from pywakeword import CardError, Endpointer, ModelError, WakeWord
from pywakeword.cli import main
from pywakeword.models.files import find_model
from pywakeword.models.network import load_vad_model

pytestmark = pytest.mark.portable


@pytest.fixture
def vad(tmp_path: Path) -> Path:
    """A copy of the bundled model, free to be spoiled by the test."""
    source = find_model("vad", "endpoint")
    for suffix in (".tflite", ".json"):
        (tmp_path / f"vad{suffix}").write_bytes(source.with_suffix(suffix).read_bytes())
    return tmp_path / "vad.tflite"


def spoil(model: Path, section: str, field: str, value: Any) -> None:
    path = model.with_suffix(".json")
    card = json.loads(path.read_text(encoding="utf-8"))
    target = card[section] if section else card
    if value is ...:
        del target[field]
    else:
        target[field] = value
    path.write_text(json.dumps(card), encoding="utf-8")


def test_it_is_no_wake_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert "vad" not in pywakeword.available_models()
    assert main(["info"]) == 0
    assert "model vad" not in capsys.readouterr().out
    with pytest.raises(CardError, match="the task is 'vad', expected 'keyword'"):
        WakeWord(find_model("vad", "endpoint"))


def test_a_keyword_model_is_no_vad(beep_model: Path) -> None:
    with pytest.raises(CardError, match="the task is 'keyword', expected 'vad'"):
        Endpointer(model=beep_model)


@pytest.mark.parametrize(
    ("section", "field", "value", "message"),
    [
        ("", "format_version", 2, "format_version is 2"),
        ("", "task", "singing", "the task is 'singing'"),
        ("model", "sha256", "00", "sha256"),
        ("model", "bytes", 12, "its card says 12"),
        ("frontend", "floor", 1e-3, "front-end field 'floor'"),
        ("vad", "delay_frames", ..., "field vad.delay_frames is missing"),
        ("vad", "delay_frames", -1, "delay_frames must be from 0 to 1024"),
        ("vad", "frame_stride", 2, "frame_stride is 2, the model's is 4"),
    ],
)
def test_cards_that_do_not_fit(
    vad: Path, section: str, field: str, value: Any, message: str
) -> None:
    spoil(vad, section, field, value)
    with pytest.raises(CardError, match=message):
        Endpointer(model=vad)


def test_a_missing_card_raises(vad: Path) -> None:
    vad.with_suffix(".json").unlink()
    with pytest.raises(CardError, match="card is missing"):
        Endpointer(model=vad)


def test_a_damaged_model_raises(vad: Path) -> None:
    vad.write_bytes(vad.read_bytes()[:-7])
    with pytest.raises(ModelError, match="bytes"):
        Endpointer(model=vad)


def test_streams_share_weights() -> None:
    # In a process of its own: other tests keep streams of the same model.
    code = """
import gc, weakref
from pywakeword import Endpointer
from pywakeword.models.network import load_vad_model

endpointer = Endpointer()
network = weakref.ref(load_vad_model("vad")[0])
assert network() is load_vad_model("vad")[0]  # kept by the stream
del endpointer
gc.collect()
assert network() is None
"""
    run(sys.executable, "-c", code, check=True)


def test_the_card_describes_the_network() -> None:
    endpointer = Endpointer()
    network, card = load_vad_model("vad")
    macs_per_frame = network.macs_per_output / card.frame_stride
    assert macs_per_frame < 20_000
    assert endpointer.probabilities(np.zeros(1200, np.int16)).shape == (6,)
    assert endpointer.card.document["figures"]["detectors"]
