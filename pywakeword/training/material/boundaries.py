"""Where a word starts and ends in a clean take, found from energy alone.

Training targets and all boundary figures use this definition. Spectra of 20 ms
every 5 ms; in each frequency bin the noise, the quietest fifth of the frames that are not
digital silence, is taken off four times; a frame is speech when what is left is within 27 dB of
the loudest frame. Bursts under 40 ms (clicks) are dropped, gaps up to 150 ms (the closures
of k, p and t) bridged; the stretch with the most energy is the word.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

_FRAME, _HOP = 320, 80
_RANGE_DB = 27.0
_GAP_S, _BURST_S = 0.15, 0.04
_LOWEST_BIN = 2  # 100 Hz: below it there is only hum and rumble
_SILENT = 1e-9  # mean square below which a frame was gated, not recorded


def _runs(active: npt.NDArray[np.bool_], longest_gap: int) -> list[tuple[int, int]]:
    """First and last index of every run of `active`, gaps up to `longest_gap` bridged."""
    index = np.flatnonzero(active)
    breaks = np.flatnonzero(np.diff(index) > longest_gap)
    return list(zip(index[np.r_[0, breaks + 1]], index[np.r_[breaks, len(index) - 1]]))


def word_boundaries(samples: npt.NDArray[np.floating]) -> tuple[int, int]:
    """First and one-past-last sample of the loudest stretch of speech."""
    if len(samples) < 2 * _FRAME:
        raise ValueError(f"{len(samples)} samples are too few to hold a word")
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), _FRAME)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1))[:, _LOWEST_BIN:] ** 2
    recorded = (frames**2).mean(axis=1) > _SILENT
    if not recorded.any():
        raise ValueError("the take is silent")
    noise = np.percentile(power[recorded], 20, axis=0)
    energy = np.maximum(power - 4 * noise, 0).sum(axis=1)
    active = energy > energy.max() * 10 ** (-_RANGE_DB / 10)
    for first, last in _runs(active, 1):
        if (last - first + 1) * _HOP < _BURST_S * SAMPLE_RATE_HZ:
            active[first : last + 1] = False
    if not active.any():
        raise ValueError("the take holds nothing longer than a click")
    runs = _runs(active, int(_GAP_S * SAMPLE_RATE_HZ / _HOP))
    first, last = max(runs, key=lambda run: energy[run[0] : run[1] + 1].sum())
    # The centres of the first and last speech frame, moved out by a quarter frame.
    return int(first * _HOP + _FRAME // 4), int(last * _HOP + 3 * _FRAME // 4)
