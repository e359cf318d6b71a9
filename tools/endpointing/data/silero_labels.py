"""Pauses and ends by silero-vad, for figures that compare with other publications.

It bridges short gaps between words, so it gives fewer and longer holds than alignment and energy.
No model is trained on these labels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pywakeword.training.material.features import HOP
from tools.endpointing.data.features import Item
from tools.endpointing.data.spans import SHORTEST_HOLD_FRAMES, Spans
from tools.vad.data.labels import runs
from tools.vad.figures.rivals import CHUNK, Detect, silero

# The defaults of its own utilities: onset, offset, shortest silence that divides.
_ONSET, _OFFSET, _SHORTEST_SILENCE_MS = 0.5, 0.35, 100
_CHUNK_MS = CHUNK / 16


def speech_of(probabilities: npt.NDArray[np.floating]) -> list[tuple[int, int]]:
    """Return stretches of speech: first chunk, one past the last."""
    active, speaking = np.zeros(len(probabilities), bool), False
    for i, p in enumerate(probabilities):
        speaking = p >= (_OFFSET if speaking else _ONSET)
        active[i] = speaking
    return runs(active, int(_SHORTEST_SILENCE_MS / _CHUNK_MS))


def relabelled(items: list[Item]) -> list[Item]:
    """Replace the spans of the items, without those in which silero finds no speech."""
    detect = silero()
    found = [(item, silero_spans(item.pcm, detect)) for item in items]
    return [replace(item, spans=spans) for item, spans in found if spans is not None]


def silero_spans(pcm: npt.NDArray[np.int16], detect: Detect) -> Spans | None:
    """Label a recording; None if there is no speech in it."""
    padded = np.concatenate([pcm, np.zeros(-len(pcm) % CHUNK, np.int16)])
    speech = [
        (round(a * CHUNK / HOP), round(b * CHUNK / HOP)) for a, b in speech_of(detect(padded)[0])
    ]
    if not speech:
        return None
    gaps = [(a[1], b[0]) for a, b in zip(speech, speech[1:])]
    holds = tuple(gap for gap in gaps if gap[1] - gap[0] >= SHORTEST_HOLD_FRAMES)
    return Spans(speech[0][0], min(speech[-1][1], len(pcm) // HOP), holds)
