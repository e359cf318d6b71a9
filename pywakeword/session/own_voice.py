"""Recognises wake words that the device itself said."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock
from pywakeword.events import Detection
from pywakeword.wakeword import WakeWord

# From the end of the word in what is played to its detection in the microphone: an echo is up
# to 0.4 s late, and neither detector decides at once.
_EARLIEST_SAMPLES = -SAMPLE_RATE_HZ // 10
_LATEST_SAMPLES = SAMPLE_RATE_HZ // 2
_KEPT_SAMPLES = 2 * SAMPLE_RATE_HZ
# How far below its threshold the word may score in what is played, in natural logarithms of the
# odds, and the lowest threshold (docs/measured/echo.md).
_MARGIN, _LOWEST = 2.5, 0.3


def own_word_thresholds(thresholds: Mapping[str, float]) -> dict[str, float]:
    """Return from which score on the device said a word, for the thresholds in the microphone."""
    return {
        word: max(_LOWEST, _sigmoid(math.log(value / (1 - value)) - _MARGIN))
        if 0 < value < 1
        else max(_LOWEST, value)
        for word, value in thresholds.items()
    }


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


class OwnVoice:
    """Compares detections in the microphone with the scores of what the loudspeaker plays.

    Parameters
    ----------
    spotter : WakeWord
        Gets the loudspeaker's samples. Its thresholds say from which score on the device
        counts as having said the word.
    """

    def __init__(self, spotter: WakeWord) -> None:
        self._spotter = spotter
        self._thresholds = np.array(list(spotter.thresholds.values()))
        self._said: deque[tuple[int, str]] = deque()  # end of the audio, and word
        self._now = 0
        self._silent_samples = _KEPT_SAMPLES
        spotter.reset()

    def process(self, played: PcmBlock) -> None:
        """Consume what was played."""
        self._now += len(played)
        self._silent_samples = 0 if played.any() else self._silent_samples + len(played)
        if self._silent_samples < _KEPT_SAMPLES:  # after that there is nothing to find
            scores = self._spotter.scores(played)
            if len(scores):
                for index in np.flatnonzero(scores.max(axis=0) >= self._thresholds):
                    self._said.append((self._now, self._spotter.keywords[index]))
        while self._said and self._said[0][0] < self._now - _KEPT_SAMPLES:
            self._said.popleft()

    def said(self, detection: Detection) -> bool:
        """Whether the device itself said the word, at the same time."""
        return any(
            word == detection.keyword
            and _EARLIEST_SAMPLES <= detection.detected_sample - end <= _LATEST_SAMPLES
            for end, word in self._said
        )
