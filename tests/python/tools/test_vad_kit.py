"""What the voice activity kit decides, as far as it needs no PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.sounds import COMPUTER, REQUEST, floor, hum, spoken

pytest.importorskip("soundfile", reason="the audio extra is not installed")

from pywakeword.training.material.features import lfbe
from tools.vad.data.labels import runs, speech_frames
from tools.vad.data.sounds import MAKERS
from tools.vad.figures.scoring import Scores, auc


def test_labels_follow_the_energy() -> None:
    labels = speech_frames(lfbe(spoken("computer") / 32768))
    assert labels is not None
    wanted = [tuple(round(sample / 160) for sample in span) for span in (COMPUTER, REQUEST)]
    assert runs(labels) == pytest.approx(np.array(wanted), abs=2)


def test_takes_that_energy_cannot_label_are_refused() -> None:
    noisy = spoken("computer") + np.tile(floor(1, 800), 6)[: len(spoken("computer"))]
    assert speech_frames(lfbe(noisy / 32768)) is None
    assert speech_frames(lfbe(hum(4) / 32768)) is None
    assert speech_frames(lfbe(np.zeros(16_000))) is None
    assert speech_frames(lfbe(spoken("computer")[:2000] / 32768)) is None


def test_runs() -> None:
    active = np.array([0, 1, 1, 0, 1, 0, 0, 0, 1], bool)
    assert runs(active) == [(1, 3), (4, 5), (8, 9)]
    assert runs(active, 1) == [(1, 5), (8, 9)]
    assert runs(np.zeros(3, bool)) == []


def test_auc_counts_ties_half() -> None:
    labels = np.array([False, False, True, True])
    assert auc(np.array([0.1, 0.2, 0.3, 0.4]), labels) == 1.0
    assert auc(np.array([0.4, 0.3, 0.2, 0.1]), labels) == 0.0
    assert auc(np.array([0.1, 0.2, 0.2, 0.4]), labels) == 0.875


def test_scores_know_only_what_was_known() -> None:
    # A detector whose output is the index of the 10 ms frame, as soon as it is complete.
    def detect(pcm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n = len(pcm) // 160
        return np.arange(n, dtype=np.float32), 160 * np.arange(1, n + 1)

    scores = Scores(detect, [np.zeros(1600, np.int16)])
    assert scores.audio_s == 0.1
    # The centre of frame i is at sample 160 i + 200: one stretch is known by then.
    np.testing.assert_array_equal(scores.at_frames([4], 0), [0, 1, 2, 3])
    np.testing.assert_array_equal(scores.at_frames([4], 20), [2, 3, 4, 5])
    assert scores.speech_share(5.0) == 0.5


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_sounds_have_the_length_and_level_asked_for(kind: str) -> None:
    for seed in range(5):
        sound = MAKERS[kind](48_000, np.random.default_rng(seed))
        assert sound.shape == (48_000,)
        assert 0.5 < np.abs(sound).max() <= 1.0
