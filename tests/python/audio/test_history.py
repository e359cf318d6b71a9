from __future__ import annotations

import numpy as np
import pytest

from pywakeword.audio.history import AudioHistory

PCM = np.random.default_rng(7).integers(-9999, 9999, 100_000).astype(np.int16)


def filled(size: int, keep: int = 12_000, upto: int = len(PCM)) -> AudioHistory:
    history = AudioHistory(keep)
    for begin in range(0, upto, size):
        history.append(PCM[begin : min(begin + size, upto)])
    return history


@pytest.mark.parametrize("size", [1, 7, 1000, 33_333, 10**6])
def test_exactly_the_newest_samples_are_kept(size: int) -> None:
    history = filled(size)
    assert (history.begin, history.end) == (88_000, 100_000)
    begin, pcm = history.cut(0, 10**9)
    assert begin == 88_000
    np.testing.assert_array_equal(pcm, PCM[88_000:])
    begin, pcm = history.cut(90_000, 90_010)
    assert begin == 90_000
    np.testing.assert_array_equal(pcm, PCM[90_000:90_010])


@pytest.mark.parametrize("size", [160, 1000, 60_000])
def test_what_is_held_stays(size: int) -> None:
    history = filled(size, upto=9000)
    history.hold(5000)
    for begin in range(9000, 90_000, size):
        history.append(PCM[begin : min(begin + size, 90_000)])
    begin, pcm = history.cut(0, 90_000)
    assert begin == 5000
    np.testing.assert_array_equal(pcm, PCM[5000:90_000])
    history.hold(None)
    history.append(PCM[90_000:])
    assert history.begin == 88_000
    np.testing.assert_array_equal(history.cut(0, 10**9)[1], PCM[88_000:])


def test_cuts_are_copies_and_may_be_empty() -> None:
    history = filled(1000)
    _, pcm = history.cut(99_000, 100_000)
    pcm[:] = 0
    np.testing.assert_array_equal(history.cut(99_000, 100_000)[1], PCM[99_000:])
    assert len(history.cut(10, 20)[1]) == 0
    assert len(history.cut(100_000, 100_001)[1]) == 0


def test_reset_counts_from_0() -> None:
    history = filled(1000)
    history.reset()
    assert (history.begin, history.end) == (0, 0)
    history.append(PCM[:100])
    np.testing.assert_array_equal(history.cut(0, 100)[1], PCM[:100])


def test_a_length_out_of_range() -> None:
    with pytest.raises(ValueError, match="keep_samples"):
        AudioHistory(0)
