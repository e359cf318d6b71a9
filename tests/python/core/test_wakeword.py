from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny_model
from helpers.tiny_model import silence, tone, utterance

from pywakeword import CalibrationError, Detection, DeviceState, StreamError, WakeWord
from pywakeword.models.card_text import describe
from pywakeword.models.files import read_model
from pywakeword.models.network import load_core_model

pytestmark = pytest.mark.portable


def feed(spotter: WakeWord, pcm: np.ndarray, chunk: int) -> list[Detection]:
    found = []
    for begin in range(0, len(pcm), chunk):
        found += spotter.process(pcm[begin : begin + chunk])
    return found


def test_finds_the_word(beep_model: Path) -> None:
    spotter = WakeWord(beep_model)
    pcm = utterance("beep")
    (found,) = spotter.process(pcm)
    assert found.keyword == "beep"
    assert found.score > 0.9
    assert found.start_sample < found.end_sample <= found.detected_sample
    tone_end = len(pcm) - 16000
    assert abs(found.end_sample - tone_end) <= 240  # 15 ms, by its energy
    assert tone_end < found.detected_sample < tone_end + 0.12 * 16000
    assert found.pre_roll_samples == 8000
    begin = found.start_sample - found.pre_roll_samples
    np.testing.assert_array_equal(found.snippet, pcm[begin : found.detected_sample])
    assert found.snippet.dtype == np.int16
    assert found.device_state == DeviceState()


def test_word_at_the_start_has_less_pre_roll(beep_model: Path) -> None:
    (found,) = WakeWord(beep_model).process(utterance("beep", before_s=0.6))
    assert 0 < found.pre_roll_samples < 8000
    assert found.pre_roll_samples == found.start_sample


@pytest.mark.parametrize("pre_roll_s", [0, 0.25, 2.0, 5])
def test_pre_roll(beep_model: Path, pre_roll_s: float) -> None:
    spotter = WakeWord(beep_model, pre_roll_s=pre_roll_s)
    assert spotter.pre_roll_s == pre_roll_s
    pcm = utterance("beep", before_s=6.0)
    (found,) = feed(spotter, pcm, 160)
    assert found.pre_roll_samples == pre_roll_s * 16000
    begin = found.start_sample - found.pre_roll_samples
    np.testing.assert_array_equal(found.snippet, pcm[begin : found.detected_sample])


def test_refractory_time(beep_model: Path) -> None:
    assert WakeWord(beep_model).refractory_s == 1.0  # from its card
    pcm = np.concatenate([utterance("beep", after_s=0), utterance("beep", 2.0), silence(1)])
    for refractory_s, words in ((None, 2), (0.5, 2), (10, 1)):
        spotter = WakeWord(beep_model, refractory_s=refractory_s)
        assert len(spotter.process(pcm)) == words


@pytest.mark.parametrize("name", ["refractory_s", "pre_roll_s"])
def test_times_out_of_range(beep_model: Path, name: str) -> None:
    for value in (-0.1, 1e9, float("nan")):
        with pytest.raises(ValueError, match=f"{name} must be from 0 to"):
            WakeWord(beep_model, **{name: value})
    for wrong in ("1", True, [1.0]):
        with pytest.raises(TypeError, match=f"{name} must be a number"):
            WakeWord(beep_model, **{name: wrong})


@pytest.mark.parametrize("chunk", [1, 7, 160, 1000, 1280])
def test_never_depends_on_the_cut(beep_model: Path, chunk: int) -> None:
    pcm = np.concatenate([utterance("beep"), utterance("beep", 0.5)])
    expected = WakeWord(beep_model).process(pcm)
    assert len(expected) == 2
    found = feed(WakeWord(beep_model), pcm, chunk)
    assert found == expected
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one.snippet, other.snippet)


def test_scores(beep_model: Path, boop_model: Path) -> None:
    spotter = WakeWord([beep_model, boop_model])
    scores = spotter.scores(utterance("boop"))
    assert scores.dtype == np.float32
    assert scores.shape == (len(scores), 2)
    assert spotter.frame_shift_s == pytest.approx(0.04)
    assert len(scores) * spotter.frame_shift_s == pytest.approx(2.3, abs=0.05)
    assert scores[:, 0].max() < 0.1
    assert scores[:, 1].max() > 0.9


@pytest.mark.parametrize("chunk", [1, 160, 1000, 100_000])
def test_scores_and_detections_in_one_call(beep_model: Path, boop_model: Path, chunk: int) -> None:
    pcm = np.concatenate([utterance("beep"), utterance("boop", 0.5)])
    spotter = WakeWord([beep_model, boop_model])
    parts = [spotter.process_with_scores(pcm[i : i + chunk]) for i in range(0, len(pcm), chunk)]
    found = [detection for detections, _ in parts for detection in detections]
    expected = WakeWord([beep_model, boop_model]).process(pcm)
    assert [detection.keyword for detection in found] == ["beep", "boop"]
    assert found == expected
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one.snippet, other.snippet)
    scores = np.concatenate([scores for _, scores in parts])
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, WakeWord([beep_model, boop_model]).scores(pcm))


def test_reset_forgets_and_repeats(beep_model: Path) -> None:
    spotter = WakeWord(beep_model)
    first = spotter.process(utterance("beep"))
    spotter.process(tone("beep"))
    spotter.reset()
    assert spotter.process(silence(3)) == []
    spotter.reset()
    assert spotter.process(utterance("beep")) == first


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_takes_bytes(beep_model: Path, kind: type) -> None:
    pcm = utterance("beep")
    expected = WakeWord(beep_model).process(pcm)
    assert WakeWord(beep_model).process(kind(pcm.astype("<i2").tobytes())) == expected


def test_takes_views_and_nothing(beep_model: Path) -> None:
    pcm = utterance("beep")
    expected = WakeWord(beep_model).process(pcm)
    strided = np.repeat(pcm, 2)[::2]
    assert WakeWord(beep_model).process(strided) == expected
    unaligned = np.frombuffer(b"\0" + pcm.tobytes(), dtype=np.int16, offset=1)
    assert WakeWord(beep_model).process(unaligned) == expected
    read_only = pcm.copy()
    read_only.flags.writeable = False
    assert WakeWord(beep_model).process(read_only) == expected
    assert WakeWord(beep_model).process(np.zeros(0, np.int16)) == []
    assert WakeWord(beep_model).process(b"") == []


@pytest.mark.parametrize("method", ["process", "scores", "process_with_scores"])
@pytest.mark.parametrize(
    ("pcm", "error", "message"),
    [
        (np.zeros(160, np.float32), TypeError, "dtype int16, got float32"),
        (np.full(160, np.nan), TypeError, "dtype int16, got float64"),
        (np.zeros(160, np.int32), TypeError, "dtype int16, got int32"),
        (np.zeros(160, ">i2"), TypeError, "dtype int16, got >i2"),
        ([0] * 160, TypeError, "int16 array or bytes, got list"),
        (None, TypeError, "int16 array or bytes, got NoneType"),
        (memoryview(np.zeros(160, np.float32)), TypeError, "items of format 'f'"),
        (np.zeros((160, 2), np.int16), ValueError, "1-D"),
        (np.zeros((), np.int16), ValueError, "1-D"),
        (memoryview(bytes(320))[::2], ValueError, "contiguous"),
        (b"\0\0\0", ValueError, "the length is odd"),
    ],
)
def test_bad_audio(beep_model: Path, method: str, pcm: object, error: type, message: str) -> None:
    spotter = WakeWord(beep_model)
    with pytest.raises(error, match=message):
        getattr(spotter, method)(pcm)
    assert len(spotter.process(utterance("beep"))) == 1


def test_device_state_reaches_the_model(beep_model: Path) -> None:
    spotter = WakeWord(beep_model, device_state=DeviceState(playback="alarm"))
    assert spotter.process(utterance("beep")) == []
    spotter.device_state = DeviceState(playback="music", volume=0.63)
    (found,) = spotter.process(utterance("beep"))
    assert found.device_state == DeviceState(playback="music", volume=0.63)


def test_device_state_may_be_set_from_another_thread(beep_model: Path) -> None:
    spotter = WakeWord(beep_model)
    states = [DeviceState(volume=volume / 10) for volume in range(11)]
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for state in states:
                spotter.device_state = state

    thread = threading.Thread(target=change)
    thread.start()
    try:
        found = feed(spotter, np.tile(utterance("beep"), 5), 160)
    finally:
        stop.set()
        thread.join()
    assert len(found) == 5


def test_two_threads_in_one_stream(beep_model: Path) -> None:
    spotter = WakeWord(beep_model)
    hour = np.zeros(3600 * 16000, np.int16)
    refused = []

    def listen() -> None:
        try:
            spotter.process(hour)
        except StreamError as error:
            refused.append(error)

    threads = [threading.Thread(target=listen) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(refused) <= 3


def test_device_state_must_be_one(beep_model: Path) -> None:
    with pytest.raises(TypeError, match="must be a DeviceState, got str"):
        WakeWord(beep_model).device_state = "music"  # type: ignore[assignment]


def test_properties(beep_model: Path, boop_model: Path) -> None:
    spotter = WakeWord([beep_model, str(boop_model)])
    assert spotter.keywords == ("beep", "boop")
    assert spotter.sample_rate == 16000
    assert spotter.thresholds == {"beep": 0.5, "boop": 0.5}
    assert [card.name for card in spotter.cards] == ["beep", "boop"]
    assert spotter.nbytes > 0
    assert spotter.history_nbytes >= 8 * 16000 * 2


def test_two_words_of_one_model(tmp_path: Path) -> None:
    spotter = WakeWord(tiny_model.write_model(tmp_path, ("beep", "boop")))
    pcm = np.concatenate([utterance("boop"), utterance("beep")])
    assert [found.keyword for found in spotter.process(pcm)] == ["boop", "beep"]


def test_streams_of_one_model_share_its_weights(beep_model: Path) -> None:
    spotter = WakeWord(beep_model)
    network = weakref.ref(load_core_model(read_model(beep_model)))
    assert network() is load_core_model(read_model(beep_model))  # kept by the stream
    del spotter
    gc.collect()
    assert network() is None


def test_thresholds(beep_model: Path, boop_model: Path) -> None:
    both = [beep_model, boop_model]
    assert WakeWord(both, threshold=0.7).thresholds == {"beep": 0.7, "boop": 0.7}
    assert WakeWord(both, threshold={"boop": 0.7}).thresholds == {"beep": 0.5, "boop": 0.7}
    assert WakeWord(both, false_accepts_per_hour=0.2).thresholds == {"beep": 0.9, "boop": 0.9}


def card_by_playback(model: Path) -> None:
    """Give the card of a tiny model stricter tables for two states."""
    card = tiny_model.read_card(model)
    (calibration,) = card["calibration"].values()
    strict = {
        "negative_hours": 4.0,
        "positives": 20,
        "default_threshold": 1.0,
        "table": [
            {"threshold": 0.8, "false_accepts_per_hour": 1.0, "miss_rate": 0.1},
            {"threshold": 1.0, "false_accepts_per_hour": 0.25, "miss_rate": 0.5},
        ],
    }
    looser = {**strict, "default_threshold": 0.8}
    calibration["by_playback"] = {"tts": strict, "music": looser}
    calibration["by_playback_cancelled"] = {"tts": looser}
    tiny_model.write_card(model, card)


def test_thresholds_follow_the_playback(beep_model: Path) -> None:
    card_by_playback(beep_model)
    spotter = WakeWord(beep_model, false_accepts_per_hour=0.5)
    found = {}
    for playback in ("none", "tts", "media", "unknown"):
        spotter.reset()
        spotter.device_state = DeviceState(playback=playback)
        found[playback] = len(spotter.process(utterance("beep"))), spotter.thresholds["beep"]
    # A playback without a table of its own has the keyword's.
    assert found == {"none": (1, 0.5), "tts": (0, 1.0), "media": (1, 0.5), "unknown": (1, 0.5)}


def test_which_threshold_a_state_has(beep_model: Path) -> None:
    card_by_playback(beep_model)

    def of(playback: str, **options: object) -> float:
        state = DeviceState(playback=playback)
        return WakeWord(beep_model, device_state=state, **options).thresholds["beep"]

    assert [of("none"), of("music"), of("tts")] == [0.5, 0.8, 1.0]
    assert WakeWord(beep_model).lowest_thresholds == {"beep": 0.5}
    assert WakeWord(beep_model, threshold=0.6).lowest_thresholds == {"beep": 0.6}
    assert [of(p, false_accepts_per_hour=1.0) for p in ("none", "music", "tts")] == [0.5, 0.8, 0.8]
    # After a canceller: its own table, else the one without.
    cancelled = {"echo_cancelled": True}
    assert [of(p, **cancelled) for p in ("none", "music", "tts")] == [0.5, 0.8, 0.8]
    # A threshold that is given applies in every state.
    for threshold in (0.6, {"beep": 0.6}):
        assert {of(p, threshold=threshold) for p in ("none", "music", "tts")} == {0.6}
    (text,) = [line for line in describe(WakeWord(beep_model).cards[0]) if "canceller" in line]
    assert text == "  threshold of beep by playback after an echo canceller: tts 0.8"
    # The rate must hold in every state.
    with pytest.raises(CalibrationError, match="4 h of negative audio"):
        WakeWord(beep_model, false_accepts_per_hour=0.2)
    with pytest.raises(TypeError, match="echo_cancelled must be a bool"):
        WakeWord(beep_model, echo_cancelled="yes")


def test_rate_that_the_card_cannot_support(beep_model: Path) -> None:
    with pytest.raises(
        CalibrationError, match=r"beep: 0.01 false accepts .* supports 0.1 per hour"
    ):
        WakeWord(beep_model, false_accepts_per_hour=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 0.5, "false_accepts_per_hour": 1}, "not both"),
        ({"threshold": {"bip": 0.5}}, "unknown keyword 'bip'; keywords: beep"),
        ({"threshold": 0.0}, "must lie above 0"),
        ({"threshold": 1.5}, "at most at 1"),
        ({"threshold": float("nan")}, "must lie above 0"),
        ({"backend": "gpu"}, "backend must be 'core', 'capi' or 'litert', got 'gpu'"),
    ],
)
def test_bad_options(beep_model: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WakeWord(beep_model, **arguments)


def test_threshold_of_wrong_type(beep_model: Path) -> None:
    with pytest.raises(TypeError, match="threshold of 'beep' must be a number, got 'high'"):
        WakeWord(beep_model, threshold="high")


def test_no_model_and_the_same_twice(beep_model: Path) -> None:
    with pytest.raises(ValueError, match="at least one model"):
        WakeWord([])
    with pytest.raises(ValueError, match="'beep' comes from two models"):
        WakeWord([beep_model, beep_model])
