from __future__ import annotations

import math

import pytest
from helpers.tone_stream import load_model, make_spotter

from pywakeword import DeviceState, _core
from pywakeword.device_state import DEVICE_TYPES, PLAYBACKS, STATE_SIZES, VOLUME_EDGES

pytestmark = pytest.mark.portable


def test_unknown_is_all_zero() -> None:
    assert DeviceState().codes == (0, 0, 0)


def test_codes_follow_the_vocabulary() -> None:
    assert DeviceState("speaker", "music", 0.6).codes == (1, 2, 4)
    assert DeviceState("appliance", "other", 1.0).codes == (7, 7, 5)


@pytest.mark.parametrize(
    ("volume", "bucket"),
    [(None, 0), (0, 1), (0.1999, 1), (0.2, 2), (0.4, 3), (0.6, 4), (0.8, 5), (1, 5)],
)
def test_volume_buckets(volume: float | None, bucket: int) -> None:
    assert DeviceState(volume=volume).codes[2] == bucket


def test_unknown_words_name_the_vocabulary() -> None:
    with pytest.raises(ValueError, match=r"device_type must be one of unknown, speaker.*'toaster'"):
        DeviceState(device_type="toaster")
    with pytest.raises(ValueError, match=r"playback must be one of unknown, none.*'polka'"):
        DeviceState(playback="polka")


@pytest.mark.parametrize("volume", [-0.1, 1.1, math.nan, math.inf])
def test_volume_out_of_range(volume: float) -> None:
    with pytest.raises(ValueError, match="volume must lie between 0 and 1"):
        DeviceState(volume=volume)


def test_the_vocabularies_are_those_of_the_core() -> None:
    assert DEVICE_TYPES is _core.DEVICE_TYPES
    assert PLAYBACKS is _core.PLAYBACKS
    assert VOLUME_EDGES is _core.VOLUME_EDGES
    spotter = make_spotter(load_model())  # its state sizes are the core's
    spotter.set_state(*(size - 1 for size in STATE_SIZES))
    for axis, size in enumerate(STATE_SIZES):
        codes = [0, 0, 0]
        codes[axis] = size
        with pytest.raises(ValueError, match="vocabulary"):
            spotter.set_state(*codes)


@pytest.mark.parametrize("volume", ["0.5", True])
def test_volume_of_wrong_type(volume: object) -> None:
    with pytest.raises(TypeError, match="volume must be a number"):
        DeviceState(volume=volume)


def test_is_frozen_and_hashable() -> None:
    state = DeviceState(playback="tts")
    assert {state: 1}[DeviceState(playback="tts")] == 1
    with pytest.raises(AttributeError):
        state.playback = "none"  # type: ignore[misc]
