"""How well posteriors tell speech from the rest, and what they cost."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material.features import HOP, WINDOW
from tools.vad.figures.rivals import Detect, Pcm


def auc(scores: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_]) -> float:
    """Chance that a speech frame scores above another frame, ties half."""
    n_speech = int(labels.sum())
    ranks = rankdata(scores)
    excess = ranks[labels].sum() - n_speech * (n_speech + 1) / 2
    return float(excess / (n_speech * (len(labels) - n_speech)))


class Scores:
    """Scores of one detector on a set of streams, and the CPU time that it took."""

    def __init__(self, detect: Detect, streams: list[Pcm]) -> None:
        began = time.process_time()
        self._known = [detect(pcm) for pcm in streams]
        self.cpu_s = time.process_time() - began
        self.audio_s = sum(map(len, streams)) / SAMPLE_RATE_HZ

    def at_frames(self, n_frames: list[int], delay_ms: int) -> npt.NDArray[np.float32]:
        """Return the newest posterior known `delay_ms` after the centre of each frame."""
        parts = []
        for (values, known_at), n in zip(self._known, n_frames):
            asked = HOP * np.arange(n) + WINDOW // 2 + delay_ms * SAMPLE_RATE_HZ // 1000
            index = np.searchsorted(known_at, asked, side="right") - 1
            parts.append(np.where(index >= 0, values[np.maximum(index, 0)], 0))
        return np.concatenate(parts)

    def speech_share(self, threshold: float = 0.5) -> float:
        """Share of the outputs at or above a threshold."""
        return float(np.mean(np.concatenate([values for values, _ in self._known]) >= threshold))
