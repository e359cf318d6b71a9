"""Which frames of a clean take are speech, from its energy alone.

The definition used for training targets and for every figure of the detector. Frames are
those of the front end. In each band the noise, the quietest tenth of the frames, is taken
off twice; a frame is speech when what is left is within 30 dB of the loud ones. Bursts
under 40 ms (clicks) are dropped, gaps up to 150 ms (the closures of k, p and t) bridged.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword.training.material.features import FLOOR

_RANGE_DB = 30.0
_LEAST_SNR_DB = 30.0  # of the take itself: below it, energy does not tell speech from noise
_GAP_FRAMES, _BURST_FRAMES = 15, 4
_LOWEST_BAND = 2  # about 100 Hz: hum and rumble say nothing of speech
_DIGITAL_SILENCE = 2.0  # log energies within this of the floor were gated, not recorded


def runs(active: npt.NDArray[np.bool_], longest_gap: int = 0) -> list[tuple[int, int]]:
    """First and one-past-last index of every run, gaps up to `longest_gap` bridged."""
    index = np.flatnonzero(active)
    if len(index) == 0:
        return []
    breaks = np.flatnonzero(np.diff(index) > longest_gap + 1)
    firsts, lasts = index[np.r_[0, breaks + 1]], index[np.r_[breaks, len(index) - 1]]
    return [(int(a), int(b) + 1) for a, b in zip(firsts, lasts)]


def speech_frames(log_energies: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_] | None:
    """Label each frame of a take.

    Parameters
    ----------
    log_energies : (n_frames, 64) ndarray
        LFBE of the dry take.

    Returns
    -------
    (n_frames,) ndarray of bool, or None
        None if the take is too noisy, or too short, for its energy to tell.
    """
    return active_frames(log_energies, _GAP_FRAMES)


def active_frames(
    log_energies: npt.NDArray[np.floating], longest_gap: int
) -> npt.NDArray[np.bool_] | None:
    """Label like `speech_frames`, with gaps up to `longest_gap` frames bridged."""
    if len(log_energies) < 20:
        return None
    power = np.maximum(np.exp(log_energies[:, _LOWEST_BAND:].astype(np.float64)) - FLOOR, 0)
    recorded = log_energies[:, _LOWEST_BAND:].max(axis=1) > np.log(FLOOR) + _DIGITAL_SILENCE
    if not recorded.any():
        return None
    noise = np.percentile(power[recorded], 10, axis=0)
    energy = np.maximum(power - 2 * noise, 0).sum(axis=1)
    loud = np.percentile(energy[recorded], 98)
    if loud < noise.sum() * 10 ** (_LEAST_SNR_DB / 10):
        return None
    active = energy > loud * 10 ** (-_RANGE_DB / 10)
    for first, end in runs(active, 1):
        if end - first < _BURST_FRAMES:
            active[first:end] = False
    for first, end in runs(active, longest_gap):
        active[first:end] = True
    return active
