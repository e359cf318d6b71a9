"""The voice activity network: its start from an exported model, checkpoints, music."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.sounds import floor, spoken

import pywakeword
from pywakeword.training.material.features import lfbe
from tools.vad.data.mixing import Mixer
from tools.vad.data.prepare import Pieces
from tools.vad.networks import training
from tools.vad.networks.graph import fold, run_float
from tools.vad.networks.network import Network, Shape
from tools.vad.networks.start import start_from

MODEL = Path(__file__).parents[2] / "models" / "endpoint" / "vad.tflite"


def pieces(level: float, *, labelled: bool = False) -> Pieces:
    random = np.random.default_rng(3)
    features = random.normal(level, 0.5, (800, 64)).astype(np.float16)
    labels = np.repeat([True, False], 400) if labelled else np.zeros(0, bool)
    return Pieces(features, labels, np.array([0, 400, 800]))


def mixer() -> Mixer:
    return Mixer(pieces(2, labelled=True), pieces(0), pieces(1), seed=5)


def test_a_start_from_the_shipped_model_gives_its_posteriors() -> None:
    network = Network(Shape())
    start_from(network, MODEL)
    pcm = np.concatenate([floor(3), spoken("computer"), floor(1)])
    frames = lfbe(pcm / 32768).astype(np.float32)
    first = -Shape().window_frames % Shape().stride  # the device's grid of 40 ms
    features = torch.from_numpy(frames[first:].T[None].copy())
    with torch.no_grad():
        ours = torch.sigmoid(network.eval()(features))[0].numpy()
        folded = torch.sigmoid(run_float(fold(network), features)["logits"])[0, 0].numpy()
    np.testing.assert_allclose(ours, folded, atol=1e-4)
    known = first + Shape().window_frames - 1  # frame at which the first output is known
    shipped = pywakeword.Endpointer().probabilities(pcm)[known :: Shape().stride]
    assert len(shipped) == len(ours)
    assert np.abs(shipped - ours).mean() < 0.005
    assert ours.max() > 0.95
    assert ours.min() < 0.05


def test_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_CHECKPOINT_STEPS", 2)
    options = {"batch": 2, "rate": 1e-3, "seed": 1, "start": MODEL}
    whole = training.train(
        Shape(), mixer(), steps=4, checkpoint=tmp_path / "whole.pt", **options
    ).state_dict()
    stop_at = 3

    class Stopped(Exception):
        pass

    class Stopping(Mixer):
        def batch(self, size: int, n_frames: int) -> tuple[torch.Tensor, torch.Tensor]:
            nonlocal stop_at
            stop_at -= 1
            if stop_at < 0:
                raise Stopped
            return super().batch(size, n_frames)

    stopping = Stopping(pieces(2, labelled=True), pieces(0), pieces(1), seed=5)
    with pytest.raises(Stopped):
        training.train(Shape(), stopping, steps=4, checkpoint=tmp_path / "part.pt", **options)
    again = training.train(
        Shape(), mixer(), steps=4, checkpoint=tmp_path / "part.pt", **options
    ).state_dict()
    for name, values in whole.items():
        torch.testing.assert_close(again[name], values, msg=name)


def test_a_start_keeps_the_normalisation_at_rest(tmp_path: Path) -> None:
    options = {"steps": 2, "batch": 2, "rate": 1e-3, "seed": 1}
    network = training.train(Shape(), mixer(), checkpoint=tmp_path / "a.pt", start=MODEL, **options)
    assert float(network.norm1.running_mean.abs().max()) == 0
    fresh = training.train(Shape(), mixer(), checkpoint=tmp_path / "b.pt", start=None, **options)
    assert float(fresh.norm1.running_mean.abs().max()) > 0


def test_music_is_never_speech() -> None:
    silent = Pieces(np.full((800, 64), -13.8, np.float16), np.zeros(800, bool), np.array([0, 800]))
    loud = Mixer(silent, silent, pieces(9), seed=1)
    features, labels = loud.batch(24, 400)
    assert not labels.any()
    assert float(features.max()) > 0  # about half of the streams hold the music
