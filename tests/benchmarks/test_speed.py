"""Costs of listening, with pytest-benchmark: pytest tests/benchmarks.

Nothing here is asserted about time. `pywakeword bench --peer` compares with another
detector in one run, which is what to quote.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pywakeword
from pywakeword.measure.benchmark import synthetic_audio
from pywakeword.measure.contenders import Contender, SpotterContender, make_peer

AUDIO = synthetic_audio(10)


def consume(benchmark: Any, contender: Contender, chunk_samples: int) -> None:
    begins = range(0, len(AUDIO), chunk_samples)
    inputs = contender.prepare([AUDIO[begin : begin + chunk_samples] for begin in begins])
    benchmark.extra_info["audio_s"] = len(AUDIO) / 16000
    benchmark(contender.run, inputs)


@pytest.mark.parametrize("chunk_samples", [160, 1280, len(AUDIO)])
def test_one_word(benchmark: Any, chunk_samples: int) -> None:
    consume(benchmark, SpotterContender(pywakeword.WakeWord("alexa")), chunk_samples)


def test_all_bundled_words(benchmark: Any) -> None:
    spotter = pywakeword.WakeWord(pywakeword.default_models())
    consume(benchmark, SpotterContender(spotter), 160)


def test_peer(benchmark: Any) -> None:
    pytest.importorskip("pymicro_wakeword", reason="the bench extra is not installed")
    consume(benchmark, make_peer(), 160)


def test_call_without_audio(benchmark: Any) -> None:
    """What Python adds to each call."""
    benchmark(pywakeword.WakeWord("alexa").process, np.zeros(0, np.int16))
