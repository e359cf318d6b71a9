from __future__ import annotations

import numpy as np

from tools.endpointing.data.silero_labels import silero_spans, speech_of
from tools.vad.figures.rivals import CHUNK


def test_hysteresis_and_short_gaps() -> None:
    p = np.array([0.4, 0.6, 0.4, 0.36, 0.34, 0.6, 0.1, 0.1, 0.1, 0.1, 0.4, 0.5, 0.2])
    assert speech_of(p) == [(1, 6), (11, 12)]  # 32 ms below the offset divides nothing


def test_spans_are_frames_of_the_recording() -> None:
    def detect(pcm):
        assert len(pcm) % CHUNK == 0
        values = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0], [4, 6, 5, 5, len(pcm) // CHUNK - 20])
        return values.astype(np.float32), np.arange(len(values))

    spans = silero_spans(np.zeros(20 * CHUNK + 100, np.int16), detect)
    assert spans is not None
    assert (spans.start, spans.holds, spans.end) == (13, ((32, 48),), 64)
    silent = np.zeros(1, np.float32), np.zeros(1, np.int64)
    assert silero_spans(np.zeros(400, np.int16), lambda pcm: silent) is None
