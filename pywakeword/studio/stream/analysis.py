"""`Analyser`: everything that the page draws, computed from one stream of audio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._core import Lfbe
from pywakeword.audio.source import PcmBlock
from pywakeword.device_state import DeviceState
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.events import Detection, EndpointEvent
from pywakeword.studio.catalogue import Entry
from pywakeword.studio.stream.lanes import Lane
from pywakeword.studio.stream.sound import base64_text, level_dbfs

# Pieces begin at multiples of this, so that results do not depend on the blocks that arrive.
PIECE_SAMPLES = 640
HOP_SAMPLES = 160
_HISTORY_SAMPLES = 75 * PIECE_SAMPLES  # 3 s: more than any model looks back
_LOWEST_LOG_ENERGY, _STEPS_PER_NEPER = -13.0, 14.0


@dataclass
class Frames:
    """What was computed from `pcm`, the part of the stream that begins at `first`.

    Attributes
    ----------
    features : (n_frames, 64) ndarray of uint8
        Log mel energies, scaled for drawing.
    speech : (n_frames,) ndarray of float32
        Posterior of speech, of audio that is `speech_delay` frames older.
    scores : dict of str to ndarray
        Per word of a lane, one score per `stride` frames.
    events : list of dict
        Detections, and starts and ends of speech.
    """

    first: int
    pcm: PcmBlock
    features: npt.NDArray[np.uint8]
    speech: npt.NDArray[np.float32]
    scores: dict[str, npt.NDArray[np.float32]]
    events: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the frames as the page reads them; bytes as base64."""
        return {
            "type": "frames",
            "first": self.first,
            "n": len(self.pcm),
            "features": base64_text(self.features),
            "speech": base64_text(np.rint(255 * self.speech).astype(np.uint8)),
            "scores": {
                key: [round(float(value), 4) for value in rows] for key, rows in self.scores.items()
            },
            "events": self.events,
            "level": round(level_dbfs(self.pcm), 1),
        }


class Analyser:
    """Feeds one stream to a front end, detectors and an endpointer, in step.

    Not thread-safe: one thread at a time.

    Parameters
    ----------
    entries : sequence of Entry
        The models.
    thresholds : mapping of str to (mapping of str to float)
        Per id of a model, thresholds that replace the entry's.
    state : DeviceState
        State of the device.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        thresholds: Mapping[str, Mapping[str, float]],
        state: DeviceState,
    ) -> None:
        self.lanes = [Lane(entry, thresholds.get(entry.id, {}), state) for entry in entries]
        self._endpointer = Endpointer()
        self._lfbe = Lfbe()
        self._rest = np.zeros(0, np.int16)
        self._history = np.zeros(0, np.int16)
        self.now = 0

    def describe(self) -> dict[str, Any]:
        """Return what the page must know before the first frames."""
        return {
            "words": [
                {
                    "key": lane.key(word),
                    "word": word,
                    "model": lane.entry.id,
                    "model_name": lane.entry.name,
                    "threshold": threshold,
                    "stride": lane.stride,
                }
                for lane in self.lanes
                for word, threshold in lane.spotter.thresholds.items()
            ],
            "speech_delay": self._endpointer.card.delay_frames,
            "pre_roll_samples": round(16000 * self.lanes[0].spotter.pre_roll_s),
        }

    def set_state(self, state: DeviceState) -> None:
        """Set the state of the device, from the next frame on."""
        for lane in self.lanes:
            lane.spotter.device_state = state

    def set_thresholds(self, thresholds: Mapping[str, Mapping[str, float]]) -> None:
        """Use other thresholds for the models that are named."""
        for lane in self.lanes:
            if lane.entry.id in thresholds:
                lane.restart(thresholds[lane.entry.id], self._history, self.now)

    def process(self, pcm: PcmBlock) -> Frames:
        """Consume audio; what does not fill a piece of 40 ms waits for the next call."""
        pcm = np.concatenate([self._rest, pcm])
        n = len(pcm) - len(pcm) % PIECE_SAMPLES
        pcm, self._rest = pcm[:n], pcm[n:]
        return self._consume(pcm)

    def finish(self) -> Frames:
        """Consume what waits, and close the stream."""
        frames = self._consume(self._rest)
        self._rest = self._rest[:0]
        frames.events += [_endpoint(event) for event in self._endpointer.close()]
        return frames

    def _consume(self, pcm: PcmBlock) -> Frames:
        first, speech = self.now, [np.zeros(0, np.float32)]
        scores: dict[str, list[npt.NDArray[np.float32]]] = {
            lane.key(word): [] for lane in self.lanes for word in lane.spotter.keywords
        }
        events: list[dict[str, Any]] = []
        for begin in range(0, len(pcm), PIECE_SAMPLES):
            piece = pcm[begin : begin + PIECE_SAMPLES]
            found: list[tuple[Lane, Detection]] = []
            for lane in self.lanes:
                detections, rows = lane.process(piece)
                found += [(lane, detection) for detection in detections]
                for column, word in enumerate(lane.spotter.keywords):
                    scores[lane.key(word)].append(rows[:, column])
            decided, posteriors = self._endpointer.process_with_probabilities(piece)
            speech.append(posteriors)
            self.now += len(piece)
            for lane, detection in found:
                events.append(_detection(lane, detection))
                decided += self._endpointer.start_after_wake_word(detection)
            events += [_endpoint(event) for event in decided]
        self._history = np.concatenate([self._history, pcm])[-_HISTORY_SAMPLES:]
        return Frames(
            first,
            pcm,
            scaled(self._lfbe.process(pcm)),
            np.concatenate(speech),
            {key: np.concatenate(parts or [speech[0]]) for key, parts in scores.items()},
            events,
        )


def scaled(features: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return log energies as brightness."""
    steps = (features - _LOWEST_LOG_ENERGY) * _STEPS_PER_NEPER
    found: npt.NDArray[np.uint8] = np.clip(np.rint(steps), 0, 255).astype(np.uint8)
    return found


def _detection(lane: Lane, detection: Detection) -> dict[str, Any]:
    state = detection.device_state
    return {
        "kind": "detection",
        "key": lane.key(detection.keyword),
        "word": detection.keyword,
        "score": round(detection.score, 4),
        "start": detection.word_start_sample,
        "end": detection.word_end_sample,
        "detected": detection.detected_sample,
        "pre_roll": detection.pre_roll_samples,
        "state": {
            "device_type": state.device_type,
            "playback": state.playback,
            "volume": state.volume,
        },
    }


def _endpoint(event: EndpointEvent) -> dict[str, Any]:
    return {
        "kind": type(event).__name__,
        "start": event.sample,
        "detected": event.decided_sample,
        "reason": event.reason,
    }
