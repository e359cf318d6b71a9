from __future__ import annotations

import numpy as np
import pytest
from helpers.c_library import library_path
from helpers.sounds import played

import pywakeword
from pywakeword import StreamError, capi
from pywakeword.capi.echo import EchoCanceller


@pytest.fixture(scope="module")
def library() -> capi.Library:
    return capi.Library(library_path())


@pytest.mark.parametrize(
    "options", [{}, {"tail_ms": 40, "max_delay_ms": 400}, {"tail_ms": 500, "max_delay_ms": 60}]
)
@pytest.mark.parametrize("chunk", [1, 160, 1000, 48_000])
def test_the_same_bits_as_the_extension(
    library: capi.Library, options: dict[str, int], chunk: int
) -> None:
    microphone, loudspeaker = played(2)
    ours = EchoCanceller(**options, library=library)
    theirs = pywakeword.EchoCanceller(**options)
    for _ in range(2):
        expected = theirs.process(microphone, loudspeaker)
        found = [
            ours.process(microphone[i : i + chunk], loudspeaker[i : i + chunk])
            for i in range(0, len(microphone), chunk)
        ]
        np.testing.assert_array_equal(np.concatenate(found), expected)
        assert not np.array_equal(expected, microphone)
        for name in ("delay_samples", "converged", "nbytes", "erle_db"):
            assert getattr(ours, name) == getattr(theirs, name), name
        ours.reset()
        theirs.reset()
    assert ours.erle_db == 0


def test_bytes_and_no_samples(library: capi.Library) -> None:
    microphone, loudspeaker = played(0.1)
    found = EchoCanceller(library=library).process(microphone.tobytes(), loudspeaker.tobytes())
    assert found.dtype == np.int16
    np.testing.assert_array_equal(
        found, pywakeword.EchoCanceller().process(microphone, loudspeaker)
    )
    assert EchoCanceller(library=library).process(b"", b"").shape == (0,)


def test_refusals(library: capi.Library) -> None:
    with pytest.raises(ValueError, match=r"options.tail_ms is 39, not 40 to 500"):
        EchoCanceller(39, library=library)
    with pytest.raises(ValueError, match=r"options.max_delay_ms is 401, not 0 to 400"):
        EchoCanceller(max_delay_ms=401, library=library)
    canceller = EchoCanceller(library=library)
    pcm = np.zeros(10, np.int16)
    with pytest.raises(ValueError, match="microphone has 10 samples, loudspeaker 9"):
        canceller.process(pcm, pcm[:9])
    with pytest.raises(TypeError, match="float64"):
        canceller.process(pcm, np.zeros(10))


def test_a_second_thread_is_turned_away(library: capi.Library) -> None:
    canceller = EchoCanceller(library=library)
    canceller._lock.acquire()
    pcm = np.zeros(10, np.int16)
    for call in (lambda: canceller.process(pcm, pcm), canceller.reset, lambda: canceller.erle_db):
        with pytest.raises(StreamError, match="another thread"):
            call()
