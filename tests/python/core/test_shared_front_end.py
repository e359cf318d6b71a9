"""`Endpointer.share_front_end`: the same results to the bit, in any chunks, from any thread."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from helpers.c_library import library_path
from helpers.sounds import Pcm, floor, request, spoken

from pywakeword import Endpointer, EndpointRule, WakeWord, capi
from pywakeword.capi import library as capi_library

pytestmark = pytest.mark.portable

PCM = np.concatenate(
    [spoken("computer"), np.zeros(9000, np.int16), spoken("alexa"), floor(1), request(), floor(1)]
)
Heard = tuple[list[Any], list[Any]]


def pair(shared: bool, **options: Any) -> tuple[WakeWord, Endpointer]:
    spotter = WakeWord(["alexa", "computer"], **options)
    endpointer = Endpointer(rules=(EndpointRule("brief", min_trailing_silence_ms=400),), **options)
    if shared:
        assert endpointer.share_front_end(spotter)
    return spotter, endpointer


def hear(spotter: WakeWord, endpointer: Endpointer, pcm: Pcm, size: int) -> Heard:
    """Results of both, fed in turns."""
    words, ends = [], []
    for begin in range(0, len(pcm), size):
        chunk = pcm[begin : begin + size]
        if begin // size % 3:  # now the one comes first, now the other
            words += spotter.process(chunk)
            ends += endpointer.process(chunk)
        else:
            ends += endpointer.process(chunk)
            words += spotter.process(chunk)
    return words, ends + endpointer.close()


@pytest.mark.parametrize("size", [1, 7, 160, 1000, 1280, len(PCM)])
def test_results_are_those_of_separate_front_ends(size: int) -> None:
    pcm = PCM[: 16000 * 3] if size < 160 else PCM
    wanted = hear(*pair(False), pcm, 1600)
    assert len(wanted[0]) == (1 if size < 160 else 2)
    assert len(wanted[1]) > 3
    spotter, endpointer = pair(True)
    assert hear(spotter, endpointer, pcm, size) == wanted
    spotter.reset()
    endpointer.reset()
    np.testing.assert_array_equal(spotter.scores(pcm), pair(False)[0].scores(pcm))
    np.testing.assert_array_equal(
        endpointer.probabilities(pcm[:20000]), pair(False)[1].probabilities(pcm[:20000])
    )


def test_results_through_the_c_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(capi_library.ENVIRONMENT_VARIABLE, str(library_path()))
    capi.default_library.cache_clear()
    wanted = hear(*pair(False), PCM, 1600)
    assert hear(*pair(True, backend="capi"), PCM, 1280) == wanted
    assert not Endpointer().share_front_end(WakeWord("alexa", backend="capi"))
    assert not Endpointer(backend="capi").share_front_end(WakeWord("alexa"))


def test_two_that_hear_different_audio_in_two_threads() -> None:
    other = np.concatenate([request(), floor(1), PCM[::-1].copy(), floor(1)])
    wanted = hear(*pair(False), PCM, 1600)[0], hear(*pair(False), other, 1600)[1]
    spotter, endpointer = pair(True)
    found: dict[str, list[Any]] = {}

    def feed(name: str, stream: Any, pcm: Pcm, size: int) -> None:
        parts = [pcm[begin : begin + size] for begin in range(0, len(pcm), size)]
        found[name] = [result for part in parts for result in stream.process(part)]

    threads = [
        threading.Thread(target=feed, args=("words", spotter, PCM, 640)),
        threading.Thread(target=feed, args=("ends", endpointer, other, 640)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found["words"] == wanted[0]
    assert found["ends"] + endpointer.close() == wanted[1]


def test_what_has_no_front_end_is_refused() -> None:
    with pytest.raises(TypeError, match="must be a WakeWord, got Endpointer"):
        Endpointer().share_front_end(Endpointer())
