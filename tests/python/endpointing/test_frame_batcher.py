from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pywakeword import FrameBatch, FrameBatcher

pytestmark = pytest.mark.portable


def frames(first: int, count: int) -> np.ndarray:
    """Frames that hold their own index."""
    return np.repeat(np.arange(first, first + count, dtype=np.float32)[:, None], 3, axis=1)


def speech(letters: str) -> np.ndarray:
    return np.array([letter == "#" for letter in letters])


def summary(batches: list[FrameBatch]) -> list[tuple[str, int, int]]:
    for batch in batches:
        wanted = frames(batch.first_frame, len(batch.frames))
        np.testing.assert_array_equal(batch.frames, wanted)
    return [(batch.reason, batch.first_frame, len(batch.frames)) for batch in batches]


def run(batcher: FrameBatcher, letters: str) -> list[tuple[str, int, int]]:
    return summary(batcher.push(frames(0, len(letters)), speech(letters)))


def test_full_batches() -> None:
    batcher = FrameBatcher(4)
    assert run(batcher, "#" * 10) == [("full", 0, 4), ("full", 4, 4)]
    assert summary(batcher.close()) == [("close", 8, 2)]


def test_a_pause_sends_everything_at_once() -> None:
    batcher = FrameBatcher(100, flush_pause_ms=30, max_wait_ms=5000)
    assert run(batcher, "##..##...") == [("pause", 0, 9)]


def test_a_pause_flushes_once() -> None:
    batcher = FrameBatcher(100, flush_pause_ms=30, max_wait_ms=5000)
    assert run(batcher, "##........##....") == [("pause", 0, 5), ("pause", 5, 10)]


def test_silence_before_any_speech_is_no_pause() -> None:
    batcher = FrameBatcher(100, flush_pause_ms=30, max_wait_ms=5000)
    assert run(batcher, "." * 20) == []


def test_the_oldest_frame_waits_no_longer_than_the_deadline() -> None:
    batcher = FrameBatcher(100, max_wait_ms=50)
    assert run(batcher, "#" * 12) == [("deadline", 0, 5), ("deadline", 5, 5)]


def test_frames_of_another_length() -> None:
    batcher = FrameBatcher(100, flush_pause_ms=60, max_wait_ms=300, frame_ms=30)
    assert run(batcher, "#..#" + "#" * 10) == [("pause", 0, 3), ("deadline", 3, 10)]


def test_each_frame_knows_its_right_context() -> None:
    (batch,) = FrameBatcher(4).push(frames(0, 4), speech("####"))
    assert batch.right_context.tolist() == [3, 2, 1, 0]


def test_what_a_batch_lacks_is_lacking_and_not_padded() -> None:
    batcher = FrameBatcher(8, flush_pause_ms=20, max_wait_ms=60)
    letters = "###..######"
    batches = [*batcher.push(frames(0, 11), speech(letters)), *batcher.close()]
    assert [batch.reason for batch in batches] == ["pause", "deadline"]
    batches += FrameBatcher(3).push(frames(0, 3), speech("###"))
    rest = FrameBatcher(3)
    batches += [*rest.push(frames(0, 2), speech("##")), *rest.close()]
    assert [batch.reason for batch in batches] == ["pause", "deadline", "full", "close"]
    for batch in batches:
        n_frames = len(batch.frames)
        assert batch.right_context.tolist() == list(range(n_frames - 1, -1, -1))
        first = batch.first_frame
        np.testing.assert_array_equal(batch.frames, frames(first, n_frames))


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_cuts_do_not_change_the_batches(size: int) -> None:
    rng = np.random.default_rng(5)
    letters = "".join(np.repeat(rng.choice(["#", "."], 60), rng.integers(1, 12, 60)))
    options = {"flush_pause_ms": 40, "max_wait_ms": 90}
    wanted = run(FrameBatcher(12, **options), letters)
    assert {reason for reason, _, _ in wanted} == {"pause", "deadline"}
    batcher = FrameBatcher(12, **options)
    got = []
    for begin in range(0, len(letters), size):
        part = letters[begin : begin + size]
        got += summary(batcher.push(frames(begin, len(part)), speech(part)))
    assert got == wanted


def test_skipped_time_is_counted_and_never_inside_a_batch() -> None:
    batcher = FrameBatcher(100)
    batcher.push(frames(0, 3), speech("###"))
    assert summary(batcher.skip(7)) == [("pause", 0, 3)]
    assert batcher.skip(5) == []
    assert batcher.skip(0) == []
    batcher.push(frames(15, 2), speech("##"))
    assert summary(batcher.close()) == [("close", 15, 2)]


def test_batches_own_their_frames() -> None:
    batcher = FrameBatcher(2)
    source = frames(0, 1)
    batcher.push(source, speech("#"))
    source[:] = 99
    assert summary(batcher.push(frames(1, 1), speech("#"))) == [("full", 0, 2)]


def test_closed_until_reset() -> None:
    batcher = FrameBatcher(4)
    assert batcher.close() == []
    for use in (batcher.close, lambda: batcher.skip(1), lambda: run(batcher, "#")):
        with pytest.raises(ValueError, match="closed"):
            use()
    batcher.reset()
    assert run(batcher, "####") == [("full", 0, 4)]


@pytest.mark.parametrize(
    ("options", "error", "name"),
    [
        ({"max_frames": 0}, ValueError, "max_frames"),
        ({"max_frames": 1.5}, TypeError, "max_frames"),
        ({"max_frames": True}, TypeError, "max_frames"),
        ({"max_frames": 1, "flush_pause_ms": 0}, ValueError, "flush_pause_ms"),
        ({"max_frames": 1, "max_wait_ms": float("inf")}, ValueError, "max_wait_ms"),
        ({"max_frames": 1, "max_wait_ms": "1"}, TypeError, "max_wait_ms"),
        ({"max_frames": 1, "frame_ms": float("nan")}, ValueError, "frame_ms"),
    ],
)
def test_bad_options(options: dict[str, Any], error: type[Exception], name: str) -> None:
    with pytest.raises(error, match=name):
        FrameBatcher(**options)


def test_bad_frames() -> None:
    batcher = FrameBatcher(4)
    with pytest.raises(ValueError, match="differ in length"):
        batcher.push(frames(0, 2), speech("#"))
    with pytest.raises(TypeError, match="bool"):
        batcher.push(frames(0, 1), np.array([0.7]))
    batcher.push(frames(0, 1), speech("#"))
    with pytest.raises(ValueError, match="shape"):
        batcher.push(np.zeros((1, 4)), speech("#"))
    with pytest.raises(ValueError, match="n_frames"):
        batcher.skip(-1)
