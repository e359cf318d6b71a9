"""`ScoredWakeWord`: a detector that keeps its highest scores, for meters and reports."""

from __future__ import annotations

from dataclasses import dataclass

from pywakeword.audio.pcm import Pcm
from pywakeword.events import Detection
from pywakeword.wakeword import WakeWord


@dataclass(frozen=True)
class Peak:
    """A highest score and its time in seconds from the start of the stream."""

    score: float
    at_s: float


class ScoredWakeWord(WakeWord):
    """A `WakeWord` that keeps each keyword's highest score of what `process` consumed."""

    _n_rows = 0
    _peaks: dict[str, Peak] | None = None

    def process(self, pcm: Pcm) -> list[Detection]:
        """Consume audio and return the wake words that were detected in it."""
        detections, scores = self.process_with_scores(pcm)
        if len(scores):
            earlier = self._peaks or {}
            rows = scores.argmax(axis=0)
            self._peaks = {}
            for column, word in enumerate(self.keywords):
                at_s = (self._n_rows + int(rows[column]) + 1) * self.frame_shift_s
                found = Peak(float(scores[rows[column], column]), at_s)
                self._peaks[word] = max(earlier.get(word, found), found, key=lambda p: p.score)
            self._n_rows += len(scores)
        return detections

    def reset(self) -> None:
        """Forget all audio and scores."""
        super().reset()
        self._n_rows = 0
        self._peaks = None

    def take_peaks(self) -> dict[str, Peak]:
        """Return and forget the highest scores by keyword; empty without any."""
        peaks, self._peaks = self._peaks, None
        return peaks or {}
