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
from pywakeword.tts.recording.alignment import (
    PAUSE,
    Aligner,
    check_not_silent,
    text_words,
)
from pywakeword.tts.text.flite import FliteVoice

TEXT = "The brown fox is quick, and it is jumping over the lazy dog."
WRONG = "Please send a message to my brother."

needs_aligner = pytest.mark.skipif(
    importlib.util.find_spec("pocketsphinx") is None or ctypes.util.find_library("flite") is None,
    reason="needs pocketsphinx (extra test) and flite",
)


@pytest.fixture(scope="module")
def spoken():
    return FliteVoice("slt").speak(TEXT)


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return Aligner()


@needs_aligner
def test_phones_are_where_the_voice_says(aligner, spoken):
    found = aligner.align(spoken.pcm, TEXT)
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
        aligner.align(spoken.pcm, WRONG)
    with pytest.raises(TextMismatchError):
        aligner.align(spoken.pcm, "The brown fox.")  # the rest of the speech belongs to no phone
    with pytest.raises(EmptyTextError):
        aligner.align(spoken.pcm, " ... ")
    with pytest.raises(PhonesError, match="xyzzyx"):
        aligner.align(spoken.pcm, "the xyzzyx")
    with pytest.raises(SpeechlessAudioError):
        aligner.align(np.zeros(16_000, np.int16), TEXT)


@needs_aligner
def test_pronunciations_keep_their_names(aligner, spoken):
    found = aligner.align_phones(spoken.pcm, spoken.by_word())
    assert [p.name for p in found.spoken] == [p for p in spoken.phones if p != PAUSE]
    assert "ax" in found.symbols
    assert found.fits
    spans = found.word_spans()
    assert [span.text for span in spans[:2]] == ["dh-ax", "b-r-aw-n"]
    assert all(a.end <= b.start for a, b in zip(spans, spans[1:]))
    durations = found.durations(230, 80)
    assert durations.sum() == 230
    assert durations.min() >= 1
    with pytest.raises(TextMismatchError):
        found.durations(len(found.phones) - 1, 80)


@needs_aligner
def test_the_check_can_be_left_out(aligner, spoken):
    part = "The brown fox is quick."
    with pytest.raises(TextMismatchError):
        aligner.align(spoken.pcm, part)
    found = aligner.align(spoken.pcm, part, check=False)
    assert found.words == tuple(text_words(part))
    assert not found.fits


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
