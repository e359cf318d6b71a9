"""Where a word starts and ends in a clean take, from its energy alone.

The definition used for training targets and for every boundary figure: high-pass
at 80 Hz, level of 20 ms frames every 5 ms, a frame is speech when it is within
30 dB of the loudest and 9 dB above the quiet tenth of the take; gaps up to 150 ms
(the closures of k, p and t) are bridged; the segment with the most energy is the word.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from tools.train.corpus import SAMPLE_RATE

_FRAME, _HOP, _GAP_S = 320, 80, 0.15
_HIGH_PASS = butter(2, 80, "high", fs=SAMPLE_RATE, output="sos")


def word_boundaries(samples: npt.NDArray[np.floating]) -> tuple[int, int]:
    """First and one-past-last sample of the loudest stretch of speech."""
    filtered = sosfilt(_HIGH_PASS, samples.astype(np.float64))
    if len(filtered) < _FRAME:
        raise ValueError(f"{len(filtered)} samples are too few to hold a word")
    frames = np.lib.stride_tricks.sliding_window_view(filtered, _FRAME)[::_HOP]
    energy = (frames**2).mean(axis=1)
    level = 10 * np.log10(energy + 1e-10)
    quiet = max(np.percentile(level, 10), -80.0)
    # A take with little silence has no quiet tenth: never ask for more than peak - 12 dB.
    threshold = min(max(level.max() - 30, quiet + 9), level.max() - 12)
    active = np.flatnonzero(level > threshold)
    breaks = np.flatnonzero(np.diff(active) > _GAP_S * SAMPLE_RATE / _HOP)
    starts = active[np.concatenate(([0], breaks + 1))]
    ends = active[np.concatenate((breaks, [len(active) - 1]))]
    best = int(np.argmax([energy[s : e + 1].sum() for s, e in zip(starts, ends)]))
    # Half a frame in from the outer edges: the centre of the first and last active frame.
    half = (_FRAME - _HOP) // 2
    return int(starts[best] * _HOP + half), int(ends[best] * _HOP + _FRAME - half)
