"""Streams with tones, and spotters for the network of tests/golden/make_tone_model.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword import _core

Pcm = npt.NDArray[np.int16]
GOLDEN = Path(__file__).parents[2] / "golden"
SAMPLE_RATE = 16000


def load_model() -> _core.Model:
    return _core.Model((GOLDEN / "tone.tflite").read_bytes())


def make_spotter(network: _core.Model | _core.PythonNetwork, **options: Any) -> _core.Spotter:
    defaults = {"thresholds": [0.5, 0.5], "smoothing_outputs": [3, 3]}
    return _core.Spotter([network], **{**defaults, **options})


def with_tones(duration_s: float, *tones: tuple[float, float]) -> Pcm:
    """Faint noise with a tone of 0.4 s at each (start in s, frequency in Hz)."""
    n = round(duration_s * SAMPLE_RATE)
    signal = np.random.default_rng(1).normal(size=n) * 20
    t = np.arange(round(0.4 * SAMPLE_RATE)) / SAMPLE_RATE
    for start_s, hertz in tones:
        begin = round(start_s * SAMPLE_RATE)
        burst = 4000 * np.sin(2 * np.pi * hertz * t)[: n - begin]
        signal[begin : begin + burst.size] += burst
    return np.rint(signal).astype(np.int16)


def in_chunks(pcm: Pcm, size: int) -> list[Pcm]:
    return [pcm[i : i + size] for i in range(0, pcm.size, size)]
