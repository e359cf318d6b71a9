"""Voice groups by pitch, measured: the recordings of the words name no speakers."""

from __future__ import annotations

import numpy as np

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.figures.conditions import Stream

# Median pitch in Hz: mostly men; mostly women; children and high women's voices.
GROUPS = {"below 155 Hz": 155.0, "155 to 230 Hz": 230.0, "above 230 Hz": float("inf")}


def pitch_group(stream: Stream) -> str:
    """Return the group of the voice in a quiet take, by the WORLD vocoder's pitch."""
    import pyworld

    assert stream.word is not None
    samples = stream.pcm[slice(*stream.word)].astype(np.float64) / 32768
    pitch, _ = pyworld.harvest(samples, SAMPLE_RATE_HZ)
    voiced = pitch[pitch > 0]
    median = float(np.median(voiced)) if len(voiced) else 0.0
    return next(name for name, limit in GROUPS.items() if median < limit)
