"""The real Kokoro: only where `pywakeword voices --install kokoro` has been run."""

from __future__ import annotations

import numpy as np
import pytest

from pywakeword import voices
from pywakeword.voices.edges import trimmed
from pywakeword.voices.engines.kokoro import Kokoro


@pytest.fixture(scope="module")
def kokoro() -> voices.Voice:
    if not voices.entry("kokoro").installed:
        pytest.skip("Kokoro is not installed: pywakeword voices --install kokoro")
    return voices.open_voice("kokoro")


def test_speakers_and_languages(kokoro: Kokoro) -> None:
    assert len(kokoro.speakers) == 54
    assert set(voices.HELD_OUT["kokoro"]) < set(kokoro.speakers)
    for language, text in {
        "en-us": "computer",
        "en-gb": "computer",
        "es": "ordenador",
        "fr": "ordinateur",
        "it": "calcolatore",
        "pt": "computador",
        "hi": "संगणक",
    }.items():
        audio = kokoro.synthesize(text, language=language)
        assert 0.4 < len(audio) / kokoro.sample_rate < 3
        assert 0.05 < np.abs(audio).max() <= 0.98


def test_seed_speed_and_mixture(kokoro: Kokoro) -> None:
    plain = kokoro.synthesize("alexa", "af_bella")
    np.testing.assert_array_equal(plain, kokoro.synthesize("alexa", "af_bella"))
    assert not np.array_equal(plain, kokoro.synthesize("alexa", "af_bella", seed=5))
    mixed = kokoro.synthesize("alexa", "af_bella*0.5+am_adam*0.5")
    assert not np.array_equal(plain, mixed)
    assert len(kokoro.synthesize("alexa", "af_bella", speed=0.7)) > 1.2 * len(plain)


@pytest.mark.parametrize("speaker", ["af_bella", "bm_george", "am_puck", "jm_kumo"])
def test_the_word_alone_fills_its_span(kokoro: Kokoro, speaker: str) -> None:
    audio, (word,) = kokoro.synthesize_parts(["computer"], speaker)
    sound = trimmed(audio, voices.Span(0, len(audio)), kokoro.sample_rate)
    assert word == sound
    assert 0.3 < (word.end - word.start) / kokoro.sample_rate < 1.2


@pytest.mark.parametrize("speaker", ["af_bella", "bm_george", "am_puck", "jm_kumo"])
def test_spans_in_one_breath(kokoro: Kokoro, speaker: str) -> None:
    # A fricative is seen in the spectrum: "Alex" ends, and "shops" begins, with one.
    audio, (before, word, _) = kokoro.synthesize_parts(
        ["the", "seven", "apples are red"], speaker, speed=0.9
    )
    start, _ = _fricative(audio, kokoro.sample_rate)
    assert abs(word.start - start) / kokoro.sample_rate < 0.060
    assert before.end == pytest.approx(word.start, abs=0.05 * kokoro.sample_rate)


def _fricative(audio: np.ndarray, rate: int) -> tuple[int, int]:
    """Return where the first long stretch with more power above 4 kHz than below 1 kHz lies."""
    frames = np.lib.stride_tricks.sliding_window_view(audio, 240)[::24] * np.hanning(240)
    power = np.abs(np.fft.rfft(frames, 512)) ** 2
    high, low = power[:, 80:230].sum(axis=1), power[:, 2:30].sum(axis=1)
    loud = power.sum(axis=1) > 1e-4 * power.sum(axis=1).max()
    places = np.flatnonzero((high > low) & loud)
    runs = np.split(places, np.flatnonzero(np.diff(places) > 5) + 1)
    run = next(run for run in runs if len(run) > 30)
    return int(run[0]) * 24 + 120, int(run[-1]) * 24 + 120
