"""Networks computed in Python under _core.Spotter, and streams that are in use."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from helpers.tone_stream import make_spotter, with_tones

from pywakeword import _core

pytestmark = pytest.mark.portable


def constant_answer(logit: float) -> dict[str, npt.NDArray[np.float32]]:
    return {
        "logits": np.array([logit], np.float32),
        "start": np.array([20.0], np.float32),
        "end": np.array([2.0], np.float32),
    }


def python_network(run: Any, **changes: int) -> _core.PythonNetwork:
    shape = {"window_frames": 10, "frame_stride": 4, "n_keywords": 1, "n_state": 22}
    return _core.PythonNetwork(run, **{**shape, **changes})


def one_keyword(run: Any) -> _core.Spotter:
    return make_spotter(python_network(run), thresholds=[0.5], smoothing_outputs=[1])


class Occupant:
    """Waits inside a network until told to go on: its stream is certainly in use."""

    def __init__(self) -> None:
        self.inside = threading.Event()
        self.go_on = threading.Event()

    def run(self, features: Any, state: Any) -> dict[str, npt.NDArray[np.float32]]:
        self.inside.set()
        assert self.go_on.wait(timeout=30)
        return constant_answer(-5.0)


def test_a_second_thread_gets_a_stream_error() -> None:
    occupant = Occupant()
    spotter = one_keyword(occupant.run)
    thread = threading.Thread(target=spotter.process, args=(np.zeros(1040, np.int16),))
    thread.start()
    assert occupant.inside.wait(timeout=30)
    for call in (
        lambda: spotter.process(np.zeros(1, np.int16)),
        lambda: spotter.scores(np.zeros(1, np.int16)),
        spotter.reset,
    ):
        with pytest.raises(_core.StreamError, match="another thread"):
            call()
    spotter.set_state(1, 1, 1)  # the one call that is allowed
    occupant.go_on.set()
    thread.join()
    spotter.reset()


def test_a_python_network_gets_the_window_and_the_state() -> None:
    seen: list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]] = []

    def run(features: Any, state: Any) -> dict[str, npt.NDArray[np.float32]]:
        seen.append((features, state))
        return constant_answer(3.0 if len(seen) == 20 else -5.0)

    spotter = one_keyword(run)
    spotter.set_state(3, 4, 5)
    pcm = with_tones(2)
    (found,) = spotter.process(pcm)
    newest_frame_end = 160 * (4 * 19 + 3) + 400
    assert found.start_sample == newest_frame_end - 160 * 20
    assert found.end_sample == newest_frame_end - 160 * 2
    assert found.score == pytest.approx(1 / (1 + np.exp(-3.0)))

    frames = _core.Lfbe().process(pcm)
    silence = _core.Lfbe().process(np.zeros(400, np.int16))
    padded = np.concatenate([np.repeat(silence, 10 - 4, axis=0), frames])
    for output, (features, state) in enumerate(seen):
        np.testing.assert_array_equal(features, padded[4 * output : 4 * output + 10])
        np.testing.assert_array_equal(np.flatnonzero(state), [3, 8 + 4, 16 + 5])
        assert state.sum() == 3


def test_an_error_in_a_python_network_comes_out() -> None:
    def run(features: Any, state: Any) -> dict[str, npt.NDArray[np.float32]]:
        raise KeyError("no such tensor")

    spotter = one_keyword(run)
    for call in (spotter.process, spotter.scores):
        with pytest.raises(KeyError, match="no such tensor"):
            call(np.zeros(4000, np.int16))
        spotter.reset()
    assert spotter.process(np.zeros(100, np.int16)) == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, 'no "logits"'),
        ({}, 'no "logits"'),
        ({"logits": np.zeros(1, np.float32)}, 'no "start"'),
        ({"logits": np.zeros(1)}, '"logits" that is not a float32'),
        ({"logits": np.zeros(2, np.float32)}, '"logits" with 1 values'),
        ({"logits": np.zeros((1, 1), np.float32)}, '"logits" with 1 values'),
    ],
)
def test_a_wrong_answer_of_a_python_network_is_an_error(answer: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        one_keyword(lambda features, state: answer).process(np.zeros(4000, np.int16))
