from __future__ import annotations

import numpy as np
import pytest
from helpers.sounds import RATE, played

import pywakeword as pww
from pywakeword.audio import ArraySource


def power(samples: np.ndarray) -> float:
    return float(np.mean(samples.astype(float) ** 2))


def test_the_echo_goes_and_the_delay_is_known() -> None:
    microphone, loudspeaker = played(5)
    canceller = pww.EchoCanceller()
    clean = canceller.process(microphone, loudspeaker)
    assert clean.dtype == np.int16
    assert clean.shape == microphone.shape
    assert power(clean[3 * RATE :]) < power(microphone[3 * RATE :]) / 1000
    assert canceller.delay_samples == 700
    assert canceller.converged
    assert canceller.erle_db > 25


@pytest.mark.parametrize("chunk", [1, 7, 160, 1000])
def test_the_cut_does_not_show(chunk: int) -> None:
    microphone, loudspeaker = played(1)
    whole = pww.EchoCanceller().process(microphone, loudspeaker)
    canceller = pww.EchoCanceller()
    pieces = [
        canceller.process(microphone[i : i + chunk], loudspeaker[i : i + chunk])
        for i in range(0, len(microphone), chunk)
    ]
    assert np.array_equal(np.concatenate(pieces), whole)


def test_silence_passes_every_bit_and_reset_forgets() -> None:
    microphone, loudspeaker = played(1)
    canceller = pww.EchoCanceller()
    assert np.array_equal(canceller.process(microphone, loudspeaker * 0), microphone)
    first = canceller.process(microphone, loudspeaker)
    canceller.reset()
    assert canceller.erle_db == 0
    assert not canceller.converged
    assert np.array_equal(pww.EchoCanceller().process(microphone, loudspeaker), first)


def test_the_microphone_as_its_own_reference_is_cancelled() -> None:
    microphone, _ = played(2)
    clean = pww.EchoCanceller().process(microphone, microphone)
    assert power(clean[RATE:]) < power(microphone[RATE:]) / 1000


def test_any_length_also_none() -> None:
    canceller = pww.EchoCanceller(tail_ms=40, max_delay_ms=0)
    assert canceller.process(b"", b"").shape == (0,)
    assert canceller.nbytes < pww.EchoCanceller().nbytes < 400_000


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"tail_ms": 39}, ValueError, "tail_ms must be 40 to 500, got 39"),
        ({"max_delay_ms": 401}, ValueError, "max_delay_ms must be 0 to 400, got 401"),
        ({"tail_ms": 250.0}, TypeError, "tail_ms must be an integer, got 250.0"),
        ({"max_delay_ms": True}, TypeError, "max_delay_ms must be an integer, got True"),
    ],
)
def test_options_that_are_refused(
    arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        pww.EchoCanceller(**arguments)


def test_audio_that_is_refused() -> None:
    canceller = pww.EchoCanceller()
    pcm = np.zeros(10, np.int16)
    with pytest.raises(ValueError, match="microphone has 10 samples, loudspeaker 9"):
        canceller.process(pcm, pcm[:9])
    with pytest.raises(TypeError, match="float64"):
        canceller.process(pcm, np.zeros(10))
    with pytest.raises(ValueError, match="1-D"):
        canceller.process(pcm.reshape(2, 5), pcm)


def test_a_source_cancels_blocks_of_any_length() -> None:
    microphone, loudspeaker = played(1)
    source = pww.EchoCancelledSource(
        ArraySource(microphone, block_samples=320), ArraySource(loudspeaker, block_samples=999)
    )
    whole = pww.EchoCanceller().process(microphone, loudspeaker)
    assert np.array_equal(np.concatenate(list(source)), whole)
    assert source.canceller.delay_samples == 700


def test_a_source_whose_loudspeaker_ends_goes_on() -> None:
    microphone, loudspeaker = played(1)
    source = pww.EchoCancelledSource(ArraySource(microphone), ArraySource(loudspeaker[:5000]))
    assert sum(map(len, source)) == len(microphone)
