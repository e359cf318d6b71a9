from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_model import silence, tone, utterance

from pywakeword import ArraySource, WakeWord
from pywakeword.measure.scanning import detections, measure, scan

pytestmark = pytest.mark.portable


def test_detections_of_two_sources_are_alike(beep_model: Path) -> None:
    spotter = WakeWord(beep_model)
    source = ArraySource(utterance("beep"))
    (first,) = detections(spotter, source)
    assert list(detections(spotter, source)) == [first]
    assert first == WakeWord(beep_model).process(utterance("beep"))[0]


def test_scan_finds_a_word_at_the_very_end(beep_model: Path) -> None:
    spotter = WakeWord(beep_model)
    pcm = np.concatenate([silence(1), tone("beep", 0.08)])
    scores, duration_s = scan(spotter, ArraySource(pcm))
    assert duration_s == pytest.approx(1.08)
    assert len(scores) == pytest.approx(1.58 / 0.04, abs=1)
    assert scores.max() > 0.9


def test_measure(beep_model: Path) -> None:
    spotter = WakeWord(beep_model)
    twice = np.concatenate([utterance("beep"), utterance("beep")])
    measured = measure(
        spotter,
        0,
        positives=[ArraySource(utterance("beep")), ArraySource(twice), ArraySource(silence(1))],
        negatives=[ArraySource(silence(9)), ArraySource(utterance("boop", 0, 0.7))],
    )
    assert (measured.positive_scores > 0.9).tolist() == [True, True, False]
    assert measured.false_accepts_in_positives == 1
    assert np.count_nonzero(measured.negative_peaks > 0.5) == 1
    assert measured.negative_hours == pytest.approx(10 / 3600)
