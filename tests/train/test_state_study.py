"""`python -m tools.accuracy metadata`: a frozen state, thresholds, counts and intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pywakeword import DeviceState
from pywakeword.models.bundled import bundled_dir
from pywakeword.training.figures.develop import outputs
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import sized
from pywakeword.training.network.warm_start import load_models
from tools.accuracy.frozen_state import load_frozen
from tools.accuracy.state_scores import StateScore, misses, thresholds
from tools.accuracy.state_table import change, change_interval, count

PLAYING = DeviceState("speaker", "tts", 0.5)


@pytest.mark.parametrize("state_input", [False, True])
def test_a_frozen_state_is_the_unknown_one(state_input: bool) -> None:
    start = Network(sized("small", ("alexa",)))
    load_models(start, [bundled_dir() / "alexa-small.tflite"])
    shape = replace(start.shape, film=state_input, concatenate=state_input)
    frozen = Network(shape)
    load_frozen(frozen, start)
    features = (np.random.default_rng(1).standard_normal((400, 64)) * 2 - 6).astype(np.float16)
    start.eval()
    frozen.eval()
    unknown = outputs(start, features, DeviceState())
    assert np.abs(unknown - outputs(start, features, PLAYING)).max() > 0.1
    for state in (DeviceState(), PLAYING):  # the state is still to be learned
        np.testing.assert_allclose(outputs(frozen, features, state), unknown, atol=1e-4)
    projections = [b.film.project for b in frozen.each_block() if b.film.project is not None]
    assert len(projections) == (len(shape.dilations) if state_input else 0)
    assert all(torch.count_nonzero(p.weight) == 0 for p in projections)


def scores(**peaks: list[float]) -> dict[tuple[str, str], StateScore]:
    """Two hours per state; takes of 0.5 and 0.9 in two conditions."""
    best = np.array([[0.5, 0.9], [0.5, 0.9]])
    return {
        ("beep", state): StateScore(best, np.array(peaks.get(state, []), float), 2.0)
        for state in ("none", "music", "tts", "alarm")
    }


def test_thresholds() -> None:
    made = scores(none=[0.2], music=[0.95, 0.6, 0.4], tts=[0.3])
    per_state = thresholds(made, "beep", 0.5, "one per state")
    assert per_state["none"] == per_state["tts"] == per_state["alarm"] == 0.0
    assert 0.6 < per_state["music"] < 0.61  # one false accept in two hours
    common = thresholds(made, "beep", 0.25, "one threshold")
    assert set(common) == set(made_state for _, made_state in made)
    # Two false accepts in four states of two hours: 0.25 per hour in the mean.
    assert len({*common.values()}) == 1
    assert 0.4 < common["none"] < 0.41


def test_equal_scores_are_counted_together() -> None:
    made = scores(music=[0.7, 0.7])
    assert 0.7 < thresholds(made, "beep", 0.5, "one per state")["music"] < 0.71


def test_counts_and_changes() -> None:
    loud = scores(none=[0.8] * 20, music=[0.8] * 20, tts=[0.8] * 20, alarm=[0.8] * 20)
    quiet = scores()
    baseline, trials = count([loud, loud], "one threshold", 1.0)
    better, _ = count([quiet, loud], "one threshold", 1.0)
    assert trials == [4, 4, 4, 4]
    assert baseline.sum(axis=(0, 1)).tolist() == [4, 4, 4, 4]
    assert better.sum(axis=(0, 1)).tolist() == [2, 2, 2, 2]
    assert change(better, baseline) == -50.0
    low, high = change_interval(better, baseline)
    assert low == -100.0  # both seeds are the better one
    assert high == 0.0
    assert misses(loud, "one per state").tolist() == [[2] * 4, [2] * 4]
