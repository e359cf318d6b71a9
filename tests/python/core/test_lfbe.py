"""The front end against a float64 reference, and its contract with callers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("scipy", reason="the float64 reference needs scipy")

from helpers import lfbe_reference

from pywakeword import _core

pytestmark = pytest.mark.portable

Pcm = npt.NDArray[np.int16]
SAMPLE_RATE = 16000
FULL_SCALE = 32767

# The errors that csrc/dsp/lfbe.h states, in natural-log units. "Near" are bands less
# than 60 dB below the strongest frequency of their frame.
MAX_ERROR = 1e-2
MAX_ERROR_NEAR = 1e-4
NEAR = 6 * math.log(10)


def to_pcm(signal: npt.NDArray[np.float64]) -> Pcm:
    return np.clip(np.rint(signal), -32768, 32767).astype(np.int16)


def seconds(duration_s: float) -> npt.NDArray[np.float64]:
    return np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE


def noise(amplitude: float) -> Pcm:
    return to_pcm(np.random.default_rng(1).normal(size=2 * SAMPLE_RATE) * amplitude)


def tone(hertz: float) -> Pcm:
    return to_pcm(FULL_SCALE * np.sin(2 * np.pi * hertz * seconds(0.5)))


def square(hertz: float) -> Pcm:
    return to_pcm(FULL_SCALE * np.where((seconds(1) * hertz) % 1 < 0.5, 1.0, -1.0))


def speech_like() -> Pcm:
    """A gliding voice with formants by beating, syllables, pauses and a noise floor."""
    t = seconds(3)
    pitch_hz = 120 + 40 * np.sin(2 * np.pi * 2.3 * t)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    voice = sum(np.sin(h * phase + h * h) / h**0.8 for h in range(1, 30))
    syllables = np.maximum(0, np.sin(2 * np.pi * 3.1 * t)) ** 2
    floor = np.random.default_rng(2).normal(size=t.size) * 10
    return to_pcm(3000 * syllables * voice + floor)


SIGNALS: dict[str, Callable[[], Pcm]] = {
    "silence": lambda: np.zeros(SAMPLE_RATE, np.int16),
    "faint noise": lambda: noise(2),
    "noise": lambda: noise(3000),
    "clipped noise": lambda: noise(40000),
    "full-scale square wave": lambda: square(441),
    "constant": lambda: np.full(SAMPLE_RATE, -32768, np.int16),
    "clicks": lambda: to_pcm(np.where(np.arange(SAMPLE_RATE) % 997 == 0, 32767.0, 0.0)),
    "speech-like": speech_like,
    **{f"tone {hz} Hz": partial(tone, hz) for hz in (62, 100, 440, 1003.3, 3517, 7599)},
}


@pytest.mark.parametrize("name", SIGNALS)
def test_error_against_float64_is_as_stated(name: str) -> None:
    pcm = SIGNALS[name]()
    expected = lfbe_reference.lfbe(pcm)
    frames = _core.Lfbe().process(pcm)
    assert frames.shape == expected.shape
    assert frames.dtype == np.float32
    error = np.abs(frames - expected)
    assert error.max() <= MAX_ERROR
    near = expected > lfbe_reference.log_peak_power(pcm)[:, None] - NEAR
    assert error[near].max(initial=0) <= MAX_ERROR_NEAR


def test_settings_are_those_of_the_reference() -> None:
    assert _core.LFBE_SETTINGS == {
        "sample_rate": lfbe_reference.SAMPLE_RATE,
        "window": "hann",
        "window_samples": lfbe_reference.WINDOW_SAMPLES,
        "hop_samples": lfbe_reference.HOP_SAMPLES,
        "fft_size": lfbe_reference.FFT_SIZE,
        "n_mels": lfbe_reference.N_MELS,
        "mel_scale": "htk",
        "low_hz": lfbe_reference.LOW_HZ,
        "high_hz": lfbe_reference.HIGH_HZ,
        "log": "natural",
        "floor": lfbe_reference.FLOOR,
    }


@pytest.mark.parametrize("chunk", [1, 7, 160, 1000, 1280])
def test_frames_do_not_depend_on_the_cut(chunk: int) -> None:
    pcm = speech_like()
    lfbe = _core.Lfbe()
    parts = [lfbe.process(pcm[i : i + chunk]) for i in range(0, pcm.size, chunk)]
    whole = _core.Lfbe().process(pcm)
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_reset_forgets_the_unfinished_frame() -> None:
    pcm = noise(3000)
    lfbe = _core.Lfbe()
    first = lfbe.process(pcm)
    lfbe.reset()
    np.testing.assert_array_equal(lfbe.process(pcm), first)


def test_no_samples_are_no_frames() -> None:
    assert _core.Lfbe().process(np.zeros(0, np.int16)).shape == (0, 64)


def test_the_result_owns_its_data() -> None:
    lfbe = _core.Lfbe()
    frames = lfbe.process(noise(3000))
    kept = frames.copy()
    lfbe.process(noise(9000))
    np.testing.assert_array_equal(frames, kept)
    assert frames.flags.owndata


@pytest.mark.parametrize(
    ("pcm", "error", "message"),
    [
        (np.zeros(400, np.float32), TypeError, "int16, not of float32"),
        (np.full(400, np.nan), TypeError, "int16, not of float64"),
        (np.zeros(400, ">i2"), TypeError, "int16, not of >i2"),
        ([0] * 400, TypeError, "not list"),
        (b"\0" * 800, TypeError, "not bytes"),
        (np.zeros((2, 400), np.int16), ValueError, "1 dimension"),
        (np.int16(3), TypeError, "not int16"),
        (np.zeros(800, np.int16)[::2], ValueError, "C-contiguous"),
        (np.zeros(801, np.uint8)[1:].view(np.int16), ValueError, "aligned"),
    ],
)
def test_other_arrays_are_refused(pcm: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        _core.Lfbe().process(pcm)
