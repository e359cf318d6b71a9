"""The window a verifier looks at: 195 frames, the device's start estimate at frame 50.

Frame f of a window begins 160 f samples after the first sample of the window. What is not
there (before the stream began, after the snippet ended) is padded with the logarithm of the
front end's floor.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pywakeword.training.material.features import FLOOR, HOP, N_MELS, WINDOW

WINDOW_FRAMES = 195
PRE_ROLL_FRAMES = 50
PADDING = np.float32(np.log(FLOOR))

# Stores count frames by the sample at which they end (pywakeword/training/material/features.py).
STORE_OFFSET = WINDOW / HOP


def cut(features: npt.NDArray[np.floating], first: int, n_frames: int) -> npt.NDArray[np.float16]:
    """Frames [first, first + n_frames) of a clip, padding beyond its ends."""
    out = np.full((n_frames, N_MELS), PADDING, np.float16)
    begin, end = max(first, 0), min(first + n_frames, len(features))
    if end > begin:
        out[begin - first : end - first] = features[begin:end]
    return out


def truncate(
    windows: npt.NDArray[np.float32], n_frames: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Pad every window from its own `n_frames` on: the snippet ended there."""
    ended = np.arange(windows.shape[1]) >= n_frames[:, None]
    return np.where(ended[..., None], PADDING, windows)
