"""Where speech begins and ends inside a stretch of clean synthetic audio."""

from __future__ import annotations

import numpy as np

from pywakeword.voices.voice import Audio, Span

_FRAME_S, _HOP_S = 0.010, 0.005
# As for the boundaries of recorded takes.
_QUIETER_DB = 27.0


def trimmed(audio: Audio, span: Span, sample_rate: int) -> Span:
    """Return `span` without the silence at its two ends.

    Silence is what lies 27 dB below the span's loudest 10 ms. Gaps inside stay.
    """
    frame, hop = round(_FRAME_S * sample_rate), round(_HOP_S * sample_rate)
    stretch = audio[span.start : span.end].astype(np.float64)
    if len(stretch) < frame:
        return span
    frames = np.lib.stride_tricks.sliding_window_view(stretch, frame)[::hop]
    power = np.mean(frames**2, axis=1)
    loud = np.flatnonzero(power > max(power.max(), 1e-12) * 10 ** (-_QUIETER_DB / 10))
    if not len(loud):
        return span
    start = span.start + int(loud[0]) * hop
    end = min(span.start + int(loud[-1]) * hop + frame, span.end)
    return Span(start, end)
