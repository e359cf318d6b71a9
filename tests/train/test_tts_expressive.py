"""The expressive corpus that the acoustic model learns from; needs the extra `kits`."""

from __future__ import annotations

import numpy as np
import pytest

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

pytest.importorskip("onnxruntime", reason="the tts extra is not installed")

from pywakeword.tts.prosody.model import bundled_prosody
from tools.tts.corpus import SYMBOLS, Utterance
from tools.tts.expressive import draw, expressed, harmonics
from tools.tts.features import FRAME_WIDTH, N_MELS, REFERENCE_HZ, log_mel

NAMES = ("pau", "l", "ae", "m", "p", "pau", "aa", "n", "pau")


def utterance() -> Utterance:
    """A ramp in every band, pitch that falls, and voice everywhere but in pauses."""
    symbols = np.array([SYMBOLS.index(name) for name in NAMES])
    durations = np.array([4, 4, 8, 6, 2, 4, 8, 6, 4])
    n = int(durations.sum())
    frames = np.repeat(np.linspace(0, 1, n, dtype=np.float32)[:, None], FRAME_WIDTH, axis=1)
    frames[:, N_MELS] = np.linspace(0.2, -0.2, n)
    frames[:, -1] = np.repeat(symbols != 0, durations)
    return Utterance("", symbols, durations, frames, np.zeros(0, np.float32))


def test_no_prosody_leaves_the_teacher_alone():
    item = utterance()
    durations, whole, frames = expressed(item, np.zeros((len(NAMES), 3), np.float32))
    np.testing.assert_array_equal(whole, item.durations)
    np.testing.assert_allclose(durations, item.durations)
    np.testing.assert_allclose(frames, item.frames, atol=1e-6)


def test_phones_are_stretched_and_moved():
    item = utterance()
    prosody = np.zeros((len(NAMES), 3), np.float32)
    prosody[2] = [0.5, 10, np.log(2)]
    durations, whole, frames = expressed(item, prosody)
    np.testing.assert_array_equal(whole, [4, 4, 16, 6, 2, 4, 8, 6, 4])
    np.testing.assert_allclose(durations[2], 16, rtol=1e-6)
    middle = 8 + 8  # of the stretched phone
    there = 8 + 4
    moved = frames[middle, N_MELS] - item.frames[there, N_MELS]
    assert moved == pytest.approx(0.5, abs=0.04)
    comb = harmonics(frames[[middle], N_MELS]) - harmonics(item.frames[[there], N_MELS])
    louder = frames[middle, :N_MELS] - item.frames[there, :N_MELS] - comb[0]
    assert louder.mean() == pytest.approx(0.2 * np.log(10), abs=0.05)
    np.testing.assert_allclose(frames[-10:, N_MELS], item.frames[-10:, N_MELS], atol=1e-6)
    assert set(np.unique(frames[:, -1])) == {0, 1}


def test_bands_show_where_harmonics_lie():
    """Moving the pitch of a buzz by the table gives the buzz of that pitch."""
    seconds = np.arange(8000) / SAMPLE_RATE_HZ

    def buzz(f0_hz: float) -> np.ndarray:
        count = int(8000 / f0_hz)
        waves = np.cos(2 * np.pi * f0_hz * np.arange(1, count)[:, None] * seconds)
        return log_mel((np.sqrt(f0_hz) * waves.sum(axis=0)).astype(np.float32))[5:-5].mean(axis=0)

    low, high = buzz(REFERENCE_HZ), buzz(REFERENCE_HZ * 2**0.5)
    change = (harmonics(np.array([0.5])) - harmonics(np.array([0.0])))[0]
    half = slice(0, N_MELS // 2)
    assert np.abs(high - low - change)[half].mean() < 0.4 * np.abs(high - low)[half].mean()


def test_drawn_expressions():
    model, item = bundled_prosody(), utterance()
    drawn = [draw(item, model, np.random.default_rng(i)) for i in range(40)]
    plain = [not d.offsets.any() for d in drawn]
    assert 4 < sum(plain) < 24
    for one, is_plain in zip(drawn, plain):
        assert not one.offsets[[0, 5, 8]].any()  # pauses
        assert np.abs(one.offsets[:, 0]).max() <= 0.75 + 4 * 9 / 12
        assert one.embedding.any() != is_plain
    again = draw(item, model, np.random.default_rng(3))
    np.testing.assert_array_equal(again.offsets, drawn[3].offsets)
