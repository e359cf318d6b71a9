"""Alignment of a known text, and contours of a recording."""

from __future__ import annotations

import ctypes.util
import importlib.util

import numpy as np
import pytest

from pywakeword.errors import (
    EmptyTextError,
    PhonesError,
    SpeechlessAudioError,
    TextMismatchError,
)
from pywakeword.tts.addon.flite import FliteVoice
from pywakeword.tts.contours import REFERENCE_HZ, frame_contours, phone_contours
from pywakeword.tts.phone_alignment import (
    PAUSE,
    Alignment,
    Phone,
    PhoneAligner,
    check_not_silent,
    text_words,
)

TEXT = "The brown fox is quick, and it is jumping over the lazy dog."
WRONG = "Please send a message to my brother."

# pyworld warns when it is imported, which would fail here.
needs_pyworld = pytest.mark.skipif(
    importlib.util.find_spec("pyworld") is None, reason="pyworld comes with the extra prosody"
)
needs_aligner = pytest.mark.skipif(
    importlib.util.find_spec("pocketsphinx") is None or ctypes.util.find_library("flite") is None,
    reason="needs pocketsphinx (extra test) and flite",
)


@pytest.fixture(scope="module")
def spoken():
    return FliteVoice("slt").speak(TEXT)


@pytest.fixture(scope="module")
def aligner() -> PhoneAligner:
    return PhoneAligner()


@needs_aligner
def test_phones_are_where_the_voice_says(aligner, spoken):
    found = aligner(spoken.pcm, TEXT)
    assert found.words == tuple(text_words(TEXT))
    phones = [phone for phone in found.phones if phone.name != PAUSE]
    assert [phone.word for phone in phones] == sorted(phone.word for phone in phones)
    assert {phone.word for phone in phones} == set(range(13))
    ends = [e for name, e in zip(spoken.phones, spoken.ends_s) if name != PAUSE]
    assert len(phones) == len(ends)
    assert np.median(np.abs(np.array([p.end for p in phones]) / 100 - ends)) < 0.03
    assert all(a.end == b.start for a, b in zip(found.phones, found.phones[1:]))


@needs_aligner
def test_what_does_not_fit_is_refused(aligner, spoken):
    with pytest.raises(TextMismatchError, match="Please send"):
        aligner(spoken.pcm, WRONG)
    with pytest.raises(TextMismatchError):
        aligner(spoken.pcm, "The brown fox.")  # the rest of the speech belongs to no phone
    with pytest.raises(EmptyTextError):
        aligner(spoken.pcm, " ... ")
    with pytest.raises(PhonesError, match="xyzzyx"):
        aligner(spoken.pcm, "the xyzzyx")
    with pytest.raises(SpeechlessAudioError):
        aligner(np.zeros(16_000, np.int16), TEXT)


@pytest.mark.parametrize("n_samples", [0, 100, 16_000])
def test_silence_is_no_speech(n_samples):
    with pytest.raises(SpeechlessAudioError):
        check_not_silent(np.full(n_samples, 3, np.int16))


def test_words_of_a_text():
    assert text_words("Don\u2019t, she said: it's 'mine'!") == [
        "don't",
        "she",
        "said",
        "it's",
        "mine'",
    ]
    with pytest.raises(EmptyTextError):
        text_words("12 -")


def harmonics(f0_hz: np.ndarray) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(f0_hz) / 16_000
    return sum(np.sin(k * phase) / k for k in range(1, 12))


@needs_pyworld
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


@needs_pyworld
@pytest.mark.parametrize("n_samples", [0, 16_000])
def test_no_voice_no_contours(n_samples):
    with pytest.raises(SpeechlessAudioError):
        frame_contours(np.zeros(n_samples, np.int16))
