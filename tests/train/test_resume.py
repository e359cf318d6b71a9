"""A training stage that is stopped between two checkpoints; needs the extra `train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.tone_voice import write_training_data

from pywakeword.training.data.package import find_training_data
from pywakeword.training.material.features import Store
from pywakeword.training.network import stages
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import sized
from pywakeword.training.network.stages import Curriculum, teach_words

STEPS = 20


def curriculum(data: Path) -> Curriculum:
    """The first phrase is the word."""
    found = find_training_data(data)
    speech, sounds = found.store("negatives"), found.store("sounds")
    first, *rest = speech.entries
    word = replace(first, label="w", kind="natural", word_start=230.0, word_end=280.0)
    speech = replace(speech, entries=[word, *rest])
    own = [replace(e, said="w") for e in sounds.entries if e.kind == "tts"]
    sounds = Store(sounds.features, sounds.embeddings, [*sounds.entries, *own])
    return Curriculum(speech, sounds, sized("small", ("w",)), 1)


def teach(network: Network, data: Path, work: Path) -> dict[str, torch.Tensor]:
    teach_words(network, curriculum(data), work, steps=STEPS, batch=8, rate=1e-3)
    return network.state_dict()


def test_a_stage_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "_SAVE_EVERY", 5)
    data = write_training_data(tmp_path / "data")
    (tmp_path / "whole").mkdir()
    (tmp_path / "stopped").mkdir()
    torch.manual_seed(1)
    start = Network(sized("small", ("w",))).state_dict()

    def fresh() -> Network:
        network = Network(sized("small", ("w",)))
        network.load_state_dict(start)
        return network

    whole = teach(fresh(), data, tmp_path / "whole")
    drawn = 0
    words = Curriculum.words

    def stop(self: Curriculum, *args: int) -> object:
        nonlocal drawn
        drawn += 1
        if drawn == 14:  # behind the checkpoint of step 10
            raise KeyboardInterrupt
        return words(self, *args)

    monkeypatch.setattr(Curriculum, "words", stop)
    with pytest.raises(KeyboardInterrupt):
        teach(fresh(), data, tmp_path / "stopped")
    monkeypatch.setattr(Curriculum, "words", words)
    assert torch.load(tmp_path / "stopped" / "words.pt", weights_only=True)["step"] == 10
    resumed = teach(fresh(), data, tmp_path / "stopped")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
