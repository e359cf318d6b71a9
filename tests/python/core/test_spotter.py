"""The audio path as _core.Spotter: independence of the cut, indexes, state, errors.

tests/golden/make_tone_model.py describes the network that hears the tones used here.
"""

from __future__ import annotations

import runpy
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from helpers.tone_stream import (
    GOLDEN,
    SAMPLE_RATE,
    Pcm,
    in_chunks,
    load_model,
    make_spotter,
    with_tones,
)

from pywakeword import _core

pytestmark = pytest.mark.portable

PRE_ROLL_SAMPLES = 8000
MUSIC = 2
CHUNKS = [1, 7, 160, 1000, 1280]


@pytest.fixture(scope="module")
def model() -> _core.Model:
    return load_model()


@pytest.fixture(scope="module")
def pcm() -> Pcm:
    return with_tones(6, (1.0, 1000), (2.0, 3000), (4.5, 1000))


def as_tuples(detections: list[_core.RawDetection]) -> list[tuple[Any, ...]]:
    return [
        (
            d.keyword_index,
            d.score,
            d.start_sample,
            d.end_sample,
            d.detected_sample,
            d.pre_roll_samples,
            d.state,
            d.snippet.tobytes(),
        )
        for d in detections
    ]


def test_the_committed_model_is_what_its_script_makes() -> None:
    pytest.importorskip("ai_edge_litert", reason="writing a .tflite needs the extra 'litert'")
    build = runpy.run_path(str(GOLDEN / "make_tone_model.py"))["build"]
    assert build() == (GOLDEN / "tone.tflite").read_bytes()


def test_finds_each_tone_once(model: _core.Model, pcm: Pcm) -> None:
    detections = make_spotter(model).process(pcm)
    assert [d.keyword_index for d in detections] == [0, 1, 0]
    for detection, tone_s in zip(detections, (1.0, 2.0, 4.5)):
        tone_begin = tone_s * SAMPLE_RATE
        assert tone_begin < detection.detected_sample < tone_begin + 0.5 * SAMPLE_RATE
        assert detection.start_sample < detection.end_sample <= detection.detected_sample
        assert 0.5 <= detection.score <= 1
        assert detection.state == (0, 0, 0)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_detections_do_not_depend_on_the_cut(model: _core.Model, pcm: Pcm, chunk: int) -> None:
    spotter = make_spotter(model)
    whole = as_tuples(spotter.process(pcm))
    assert len(whole) == 3
    for _ in range(2):
        spotter.reset()
        cut = [d for part in in_chunks(pcm, chunk) for d in spotter.process(part)]
        assert as_tuples(cut) == whole


@pytest.mark.parametrize("chunk", CHUNKS)
def test_scores_do_not_depend_on_the_cut(model: _core.Model, pcm: Pcm, chunk: int) -> None:
    spotter = make_spotter(model)
    whole = spotter.scores(pcm)
    spotter.reset()
    cut = [spotter.scores(part) for part in in_chunks(pcm, chunk)]
    assert np.concatenate(cut).tobytes() == whole.tobytes()


def test_scores_have_a_row_per_output(model: _core.Model, pcm: Pcm) -> None:
    scores = make_spotter(model).scores(pcm)
    n_frames = (pcm.size - 400) // 160 + 1
    assert scores.shape == (n_frames // model.frame_stride, 2)
    assert scores.dtype == np.float32
    assert scores.flags.owndata


def test_scores_and_process_share_the_stream(model: _core.Model, pcm: Pcm) -> None:
    spotter = make_spotter(model)
    spotter.scores(pcm[: 3 * SAMPLE_RATE])  # with the first two tones
    detections = spotter.process(pcm[3 * SAMPLE_RATE :])
    assert as_tuples(detections) == as_tuples(make_spotter(model).process(pcm))[2:]


def test_a_tone_at_the_very_start_is_found(model: _core.Model) -> None:
    assert len(make_spotter(model).process(with_tones(1, (0.0, 1000)))) == 1


def test_reset_leaves_nothing_behind(model: _core.Model) -> None:
    spotter = make_spotter(model)
    assert spotter.process(with_tones(0.4, (0.2, 1000))) == []  # on the verge of a detection
    spotter.reset()
    assert spotter.process(np.zeros(5 * SAMPLE_RATE, np.int16)) == []


@pytest.mark.parametrize("first_sample", [1, 2**31 - 40000, 2**40])
def test_indexes_are_absolute(model: _core.Model, pcm: Pcm, first_sample: int) -> None:
    def shifted(detection: _core.RawDetection) -> tuple[Any, ...]:
        d = detection
        return (d.start_sample + first_sample, d.end_sample + first_sample)

    reference = make_spotter(model).process(pcm)
    spotter = make_spotter(model, first_sample=first_sample)
    for _ in range(2):
        detections = spotter.process(pcm)
        assert [(d.start_sample, d.end_sample) for d in detections] == list(map(shifted, reference))
        assert [d.score for d in detections] == [d.score for d in reference]
        assert [d.snippet.tobytes() for d in detections] == [d.snippet.tobytes() for d in reference]
        spotter.reset()


@pytest.mark.parametrize("chunk", [160, 10**6])
@pytest.mark.parametrize("tone_s", [0.1, 0.4, 2.0, 30.0])
def test_the_snippet_is_the_audio_with_its_pre_roll(
    model: _core.Model, tone_s: float, chunk: int
) -> None:
    pcm = with_tones(tone_s + 10, (tone_s, 1000))
    spotter = make_spotter(model)
    (found,) = [d for part in in_chunks(pcm, chunk) for d in spotter.process(part)]
    assert found.pre_roll_samples == min(PRE_ROLL_SAMPLES, found.start_sample)
    begin = found.start_sample - found.pre_roll_samples
    np.testing.assert_array_equal(found.snippet, pcm[begin : found.detected_sample])
    assert found.snippet.dtype == np.int16
    assert found.snippet.flags.owndata
    if tone_s >= 2:
        assert found.pre_roll_samples == PRE_ROLL_SAMPLES


def test_several_networks_share_a_front_end(model: _core.Model, pcm: Pcm) -> None:
    alone = as_tuples(make_spotter(model).process(pcm))
    both = _core.Spotter([model, model], thresholds=[0.5] * 4, smoothing_outputs=[3] * 4)
    assert both.n_keywords == 4
    detections = as_tuples(both.process(pcm))
    assert [d for d in detections if d[0] < 2] == alone
    assert [(d[0] - 2, *d[1:]) for d in detections if d[0] >= 2] == alone


def test_the_state_reaches_the_network(model: _core.Model, pcm: Pcm) -> None:
    spotter = make_spotter(model)
    spotter.set_state(1, MUSIC, 3)
    assert spotter.process(pcm) == []
    spotter.set_state(1, 0, 3)
    spotter.reset()  # keeps the state
    assert {d.state for d in spotter.process(pcm)} == {(1, 0, 3)}


def test_the_state_before_the_first_sample_is_as_after_a_reset(model: _core.Model) -> None:
    spotter = make_spotter(model)
    spotter.set_state(0, MUSIC, 0)
    audio = with_tones(1, (0.0, 1000))
    first = spotter.scores(audio)
    spotter.reset()
    np.testing.assert_array_equal(spotter.scores(audio), first)


def test_the_state_can_come_from_another_thread(model: _core.Model) -> None:
    spotter = make_spotter(model)
    minute = with_tones(60, *[(float(s), 1000.0) for s in range(1, 59, 2)])
    started = threading.Event()

    def set_music() -> None:
        started.wait()
        time.sleep(0.005)
        spotter.set_state(0, MUSIC, 0)

    thread = threading.Thread(target=set_music)
    thread.start()
    started.set()
    n_detections = 0
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:  # until a whole minute goes by in silence
        n_detections = len(spotter.process(minute))
        if n_detections == 0:
            break
    thread.join()
    assert n_detections == 0


@pytest.mark.parametrize("chunk", [1, 7, 160, 1000])
def test_each_playback_has_its_thresholds(model: _core.Model, chunk: int) -> None:
    spotter = make_spotter(model)
    spotter.set_thresholds(1, [0.95, 0.95])
    audio = with_tones(6, (1.0, 850), (3.0, 850))  # their score is 0.84
    found = []
    for begin in range(0, len(audio), chunk):
        # The second word comes while the strict thresholds are in use.
        spotter.set_state(0, int(begin >= 2 * 16000), 0)
        found += spotter.process(audio[begin : begin + chunk])
    assert len(found) == 1
    assert found[0].start_sample < 2 * 16000


def test_thresholds_that_are_refused(model: _core.Model) -> None:
    spotter = make_spotter(model)
    for playback, thresholds in ((8, [0.5, 0.5]), (-1, [0.5, 0.5]), (0, [0.5, 0.0]), (0, [2, 0.5])):
        with pytest.raises(ValueError, match="playback outside its vocabulary, or a threshold"):
            spotter.set_thresholds(playback, thresholds)
    with pytest.raises(ValueError, match="one threshold per keyword"):
        spotter.set_thresholds(0, [0.5])


@pytest.mark.parametrize("indexes", [(8, 0, 0), (0, 8, 0), (0, 0, 6), (-1, 0, 0)])
def test_an_unknown_state_is_refused(model: _core.Model, indexes: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        make_spotter(model).set_state(*indexes)


def test_the_gil_is_released(model: _core.Model) -> None:
    ticks = 0
    stop = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.wait(timeout=0.0005):
            ticks += 1

    # Nothing but a release inside the call can let the other thread run meanwhile.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    thread = threading.Thread(target=tick)
    thread.start()
    try:
        spotter = make_spotter(model)
        audio = np.zeros(600 * SAMPLE_RATE, np.int16)
        before = ticks
        spotter.process(audio)
        after = ticks
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert after > before


@pytest.mark.parametrize(
    ("audio", "error", "message"),
    [
        (np.zeros(400, np.float32), TypeError, "int16, got float32"),
        (np.full(400, np.nan), TypeError, "int16, got float64"),
        ([0] * 400, TypeError, "got list"),
        (np.zeros((2, 400), np.int16), ValueError, "1-D"),
        (b"odd", ValueError, "odd"),
    ],
)
@pytest.mark.parametrize("method", ["process", "scores", "process_with_scores"])
def test_other_arrays_are_refused(
    model: _core.Model, method: str, audio: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        getattr(make_spotter(model), method)(audio)


def test_audio_that_is_not_laid_out_as_the_core_reads_it(model: _core.Model) -> None:
    pcm = np.random.default_rng(5).integers(-900, 900, 16000).astype(np.int16)
    wanted = make_spotter(model).scores(pcm)
    twice = np.repeat(pcm, 2)
    odd = memoryview(b"-" + pcm.tobytes())[1:]  # starts inside a sample of the buffer
    for same in (twice[::2], pcm.tobytes(), memoryview(pcm), pcm[::-1].copy()[::-1], odd):
        np.testing.assert_array_equal(make_spotter(model).scores(same), wanted)
    with pytest.raises(TypeError, match="int16, got >i2"):
        make_spotter(model).scores(pcm.astype(">i2"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thresholds": [0.5]}, "equal lengths"),
        ({"thresholds": [0.5], "smoothing_outputs": [1]}, "2 keywords, but 1"),
        ({"thresholds": [0.5, 0.0]}, "thresholds"),
        ({"thresholds": [0.5, float("nan")]}, "thresholds"),
        ({"smoothing_outputs": [0, 1]}, "smoothing_outputs"),
        ({"refractory_s": -1.0}, "refractory_s"),
        ({"refractory_s": float("nan")}, "refractory_s"),
        ({"history_s": 1.0}, "history_s"),
        ({"pre_roll_s": -0.1}, "pre_roll_s"),
        ({"pre_roll_s": 5.1}, "pre_roll_s"),
        ({"pre_roll_s": float("nan")}, "pre_roll_s"),
        ({"state_sizes": (8, 14, 0)}, "state_sizes"),
        ({"first_sample": -1}, "first_sample"),
    ],
)
def test_options_out_of_range_are_refused(
    model: _core.Model, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_spotter(model, **options)


def test_bytes_are_reported(model: _core.Model) -> None:
    spotter = make_spotter(model, history_s=10.0)
    assert spotter.history_nbytes == 2 * 10 * SAMPLE_RATE
    assert 0 < spotter.nbytes < 64_000
