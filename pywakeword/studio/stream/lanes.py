"""One model on one stream, whose thresholds can change while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pywakeword.audio.source import PcmBlock
from pywakeword.device_state import DeviceState
from pywakeword.events import Detection
from pywakeword.studio.catalogue import Entry
from pywakeword.wakeword import WakeWord


class Lane:
    """A model of the catalogue, on a stream that other lanes read too.

    A detector's thresholds are fixed. For new ones another detector takes over: it first
    consumes the last seconds, so that its scores go on where the old one's end.
    """

    def __init__(self, entry: Entry, thresholds: Mapping[str, float], state: DeviceState) -> None:
        self.entry = entry
        self._first_sample = 0
        self._spotter = entry.make(thresholds, state)

    @property
    def spotter(self) -> WakeWord:
        """The detector in use."""
        return self._spotter

    @property
    def stride(self) -> int:
        """Frames of 10 ms between two scores."""
        return round(100 * self._spotter.frame_shift_s)

    def key(self, word: str) -> str:
        """Return the name of a word that no other lane has."""
        return f"{self.entry.id}/{word}"

    def process(self, piece: PcmBlock) -> tuple[list[Detection], npt.NDArray[np.float32]]:
        """Consume audio; return detections, in samples of the whole stream, and scores."""
        found, scores = self._spotter.process_with_scores(piece)
        return [self._moved(detection) for detection in found], scores

    def restart(self, thresholds: Mapping[str, float], history: PcmBlock, now: int) -> None:
        """Go on with other thresholds; `history` ends at sample `now`."""
        spotter = self.entry.make(thresholds, self._spotter.device_state)
        spotter.process(history)
        self._spotter, self._first_sample = spotter, now - len(history)

    def _moved(self, detection: Detection) -> Detection:
        first = self._first_sample
        return replace(
            detection,
            start_sample=_plus(detection.start_sample, first),
            end_sample=_plus(detection.end_sample, first),
            detected_sample=detection.detected_sample + first,
        )


def _plus(sample: int | None, first: int) -> int | None:
    return None if sample is None else sample + first  # a community model gives none
