from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny_model
from helpers.tiny_model import utterance

from pywakeword import CardError, DeviceState, MissingExtraError, ModelError, WakeWord

pytest.importorskip("ai_edge_litert", reason="the litert extra is not installed")


def test_equals_the_core(beep_model: Path) -> None:
    pcm = utterance("beep")
    core, litert = WakeWord(beep_model), WakeWord(beep_model, backend="litert")
    np.testing.assert_array_equal(litert.scores(pcm), core.scores(pcm))
    core.reset()
    litert.reset()
    core.device_state = litert.device_state = DeviceState(playback="music", volume=0.5)
    assert litert.process(pcm) == core.process(pcm)


def test_runs_what_the_core_refuses(beep_model: Path) -> None:
    data = tiny_model.model_bytes(("beep",), tanh=True)
    beep_model.write_bytes(data)
    card = tiny_model.make_card("beep", ("beep",), data)
    tiny_model.write_card(beep_model, card)
    # tanh leaves a posterior of at most sigmoid(1) = 0.73.
    assert (
        len(WakeWord(beep_model, threshold=0.6, backend="litert").process(utterance("beep"))) == 1
    )


def test_foreign_file(beep_model: Path) -> None:
    data = bytes(1000)
    beep_model.write_bytes(data)
    tiny_model.write_card(beep_model, tiny_model.make_card("beep", ("beep",), data))
    with pytest.raises(ModelError, match=r"beep\.tflite: LiteRT refuses the model"):
        WakeWord(beep_model, backend="litert")


def test_card_with_more_keywords(beep_model: Path) -> None:
    card = tiny_model.make_card("beep", ("beep", "boop"), beep_model.read_bytes())
    tiny_model.write_card(beep_model, card)
    with pytest.raises(CardError, match="names 2 keywords, output 'logits' has 1"):
        WakeWord(beep_model, backend="litert")


def test_missing_extra(beep_model: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[litert\]"):
        WakeWord(beep_model, backend="litert")
