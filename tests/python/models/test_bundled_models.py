"""The bundled models on speech of a free synthetic voice (tests/golden/make_speech.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pywakeword

soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")

pytestmark = pytest.mark.portable

GOLDEN = Path(__file__).parents[2] / "golden"
WORDS = ("alexa", "computer")  # with a request after a pause
EVERY_WORD = (*WORDS, "amazon", "echo", "hey_samuel", "hey_jarvis", "okay_nabu")


def read(word: str) -> np.ndarray:
    pcm, rate = soundfile.read(GOLDEN / f"{word}.wav", dtype="int16")
    assert rate == 16_000
    return pcm


@pytest.mark.parametrize("word", WORDS)
def test_finds_its_word_once_and_says_where(word: str) -> None:
    pcm = read(word)
    (found,) = pywakeword.WakeWord(word).process(pcm)
    assert found.keyword == word
    # The generator puts one second of near silence before the word.
    assert abs(found.start_sample - 16_000) < 0.25 * 16_000
    assert found.start_sample < found.end_sample <= found.detected_sample
    assert found.pre_roll_samples == 8000
    np.testing.assert_array_equal(
        found.snippet, pcm[found.start_sample - 8000 : found.detected_sample]
    )


@pytest.mark.parametrize("word", EVERY_WORD)
def test_finds_its_word_in_one_breath_with_a_command(word: str) -> None:
    # By a voice that no model was trained on (tests/golden/make_one_breath.py).
    pcm, rate = soundfile.read(GOLDEN / f"{word}_one_breath.ogg", dtype="int16")
    slot = 4 * rate  # three commands, one per slot, each after a second of quiet
    found = pywakeword.WakeWord(word, false_accepts_per_hour=1).process(pcm)
    spoken = [d.start_sample // slot for d in found]
    assert len(spoken) >= 2  # alexa, computer and amazon miss one of their three
    assert sorted(set(spoken)) == spoken
    for detection in found:
        assert abs(detection.start_sample % slot - rate) < 0.1 * rate
        assert 0.2 * rate < detection.end_sample - detection.start_sample < 1.1 * rate


@pytest.mark.parametrize("word", WORDS)
def test_does_not_find_the_other_word(word: str) -> None:
    other = next(w for w in WORDS if w != word)
    assert pywakeword.WakeWord(word).process(read(other)) == []


def test_several_words_on_one_front_end_find_what_each_finds_alone() -> None:
    pcm = np.concatenate([read(word) for word in WORDS])
    together = pywakeword.WakeWord(list(WORDS)).process(pcm)
    alone = [d for word in WORDS for d in pywakeword.WakeWord(word).process(pcm)]
    key = lambda d: (d.detected_sample, d.keyword, d.score, d.start_sample, d.end_sample)  # noqa: E731
    assert sorted(map(key, together)) == sorted(map(key, alone))
    assert len(together) == len(WORDS)


@pytest.mark.parametrize("chunk", [1, 7, 160, 1000, 1280])
def test_result_does_not_depend_on_the_cut(chunk: int) -> None:
    pcm = read("computer")
    spotter = pywakeword.WakeWord("computer")
    (whole,) = spotter.process(pcm)
    scores = pywakeword.WakeWord("computer").scores(pcm)
    for _ in range(2):  # a second time after reset()
        spotter.reset()
        cuts = range(0, len(pcm), chunk)
        (found,) = [d for at in cuts for d in spotter.process(pcm[at : at + chunk])]
        assert (found.score, found.start_sample, found.end_sample, found.detected_sample) == (
            whole.score,
            whole.start_sample,
            whole.end_sample,
            whole.detected_sample,
        )
        np.testing.assert_array_equal(found.snippet, whole.snippet)
        spotter.reset()
        parts = [spotter.scores(pcm[at : at + chunk]) for at in cuts]
        np.testing.assert_array_equal(np.concatenate(parts), scores)


@pytest.mark.parametrize("word", WORDS)
def test_word_at_the_very_start_has_the_pre_roll_that_exists(word: str) -> None:
    spotter = pywakeword.WakeWord(word, threshold=0.5)
    (found,) = spotter.process(read(word)[16_000:])
    assert found.pre_roll_samples == min(8000, found.start_sample) < 8000
    assert len(found.snippet) == found.detected_sample - found.start_sample + found.pre_roll_samples


@pytest.mark.parametrize("word", WORDS)
def test_silence_after_reset_gives_no_detection(word: str) -> None:
    spotter = pywakeword.WakeWord(word)
    pcm = read(word)
    spotter.process(pcm[:24_000])  # in the middle of the word
    spotter.reset()
    assert spotter.process(np.zeros(10 * 16_000, np.int16)) == []


@pytest.mark.parametrize("word", WORDS)
def test_every_device_state_still_finds_the_word(word: str) -> None:
    spotter = pywakeword.WakeWord(word)
    for playback in ("unknown", "none"):
        spotter.reset()
        spotter.device_state = pywakeword.DeviceState(playback=playback)
        assert len(spotter.process(read(word))) == 1


@pytest.mark.parametrize("word", WORDS)
def test_card_supports_half_a_false_accept_per_hour(word: str) -> None:
    spotter = pywakeword.WakeWord(word, false_accepts_per_hour=0.5)
    (card,) = spotter.cards
    assert card.calibration[word].lowest_rate <= 0.5
    assert card.document["data"]
    assert card.document["training"]["command"].startswith("python -m tools.release train")
    with pytest.raises(pywakeword.CalibrationError, match="supports"):
        pywakeword.WakeWord(word, false_accepts_per_hour=0.01)
