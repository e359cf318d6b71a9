from __future__ import annotations

import sys
import threading
import time
from typing import Any

import numpy as np
import pytest
from helpers import sounds
from helpers.c_library import library_path
from helpers.sounds import floor, request, spoken

from pywakeword import Endpointer, EndpointRule, MissingExtraError, ModelError, StreamError, capi
from pywakeword.capi import library as capi_library
from pywakeword.capi.endpointer import Vad
from pywakeword.models.files import find_model

PCM = np.concatenate(
    [floor(0.5), request(), floor(1.6), spoken("alexa"), floor(0.7), sounds.alarm(2), request()]
)
RULES = (
    EndpointRule("sentence", min_trailing_silence_ms=500, min_utterance_ms=1500),
    EndpointRule("word", min_trailing_silence_ms=900),
    EndpointRule("nobody", must_contain_speech=False, min_trailing_silence_ms=3000),
)


@pytest.fixture(autouse=True)
def _library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(capi_library.ENVIRONMENT_VARIABLE, str(library_path()))
    capi.default_library.cache_clear()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rules": RULES, "no_speech_timeout_ms": None},
        {"max_utterance_ms": 900, "grace_ms": 0},
        {"onset_threshold": 0.9, "offset_threshold": 0.8, "min_speech_ms": 0},
        {"level_range_db": None},
        {"level_range_db": 3.0},
    ],
)
def test_the_same_events_bit_for_bit(options: dict[str, Any]) -> None:
    ours, theirs = Endpointer(backend="capi", **options), Endpointer(**options)
    for size in (len(PCM), 1000, 37):
        cut = [PCM[i : i + size] for i in range(0, len(PCM), size)]
        expected = [event for part in cut for event in theirs.process(part)] + theirs.close()
        assert len(expected) > 4
        assert [event for part in cut for event in ours.process(part)] + ours.close() == expected
        ours.reset()
        theirs.reset()
    np.testing.assert_array_equal(ours.probabilities(PCM), theirs.probabilities(PCM))
    ours.reset()
    theirs.reset()
    events, values = ours.process_with_probabilities(PCM)
    wanted_events, wanted_values = theirs.process_with_probabilities(PCM)
    assert events == wanted_events
    np.testing.assert_array_equal(values, wanted_values)


def test_the_same_after_a_wake_word() -> None:
    pcm = np.concatenate([spoken("computer"), floor(2)])
    found = []
    for endpointer in (Endpointer(), Endpointer(backend="capi")):
        events = endpointer.process(pcm[: sounds.REQUEST[0] + 8000])
        events += endpointer.start_after_wake_word(sounds.COMPUTER[1])
        found.append(events + endpointer.process(pcm[sounds.REQUEST[0] + 8000 :]))
        with pytest.raises(ValueError, match="end_sample"):
            endpointer.start_after_wake_word(10**9)
    assert found[0] == found[1]
    assert len(found[0]) > 4


def test_refusals() -> None:
    with pytest.raises(ValueError, match="backend"):
        Endpointer(backend="fast")
    with pytest.raises(ValueError, match="1 to 100 rules"):
        Endpointer(backend="capi", rules=())
    with pytest.raises(ValueError, match="thresholds"):
        Endpointer(backend="capi", onset_threshold=0.1)
    with pytest.raises(ModelError, match="voice activity"):
        Vad(find_model("computer").read_bytes())
    with pytest.raises(TypeError, match="int16"):
        Endpointer(backend="capi").process(np.zeros(4, np.float32))


def test_a_second_thread_is_turned_away() -> None:
    endpointer = Endpointer(backend="capi")
    pcm = np.zeros(16_000 * 60, np.int16)
    stop = threading.Event()

    def listen() -> None:
        while not stop.is_set():
            try:
                endpointer.process(pcm)
            except StreamError:
                continue

    def reset_until_refused() -> None:
        for _ in range(100_000):
            endpointer.reset()
            time.sleep(0)  # else threads only ever change inside reset, which turns them away

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        with pytest.raises(StreamError):
            reset_until_refused()
    finally:
        stop.set()
        listener.join()


def test_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cffi", None)
    capi.default_library.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pywakeword\[capi\]"):
        Endpointer(backend="capi")
