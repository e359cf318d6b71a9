"""Community models in one stream, alone or beside ours."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.history import AudioHistory
from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm, as_pcm
from pywakeword.audio.source import PcmBlock
from pywakeword.backends import RawDetection, Scores, SpotterCore
from pywakeword.device_state import PLAYBACKS
from pywakeword.errors import StreamError
from pywakeword.models.community.files import CommunityModel
from pywakeword.models.community.runner import Runner, Score
from pywakeword.models.foreign import MICRO

# A community model does not say where its word begins: it is looked for in this much audio.
WORD_SAMPLES = 3 * SAMPLE_RATE_HZ // 2
_FRAME_SAMPLES = 160


@dataclass(frozen=True)
class _Found:
    """A `RawDetection` with its column here."""

    keyword_index: int
    score: float
    start_sample: int | Any
    end_sample: int | Any
    detected_sample: int
    snippet: npt.NDArray[np.int16]
    pre_roll_samples: int
    state: tuple[int, int, int]


class _Trigger:
    """Reports a word when its score reaches the threshold; again only after it fell below."""

    def __init__(self, refractory_samples: int) -> None:
        self._refractory_samples = refractory_samples
        self.reset()

    def reset(self) -> None:
        self._is_armed = True
        self._quiet_until = 0

    def step(self, score: Score, threshold: float) -> bool:
        if np.float32(score.value) < np.float32(threshold):
            self._is_armed = True
            return False
        if not self._is_armed or score.end_sample < self._quiet_until:
            return False
        self._is_armed = False
        self._quiet_until = score.end_sample + self._refractory_samples
        return True


class CommunitySpotter:
    """A `SpotterCore` of community models, with at most one stream of ours beside them.

    Scores have one row per greatest common time of the models. Between two scores of a
    model, its column holds the earlier one.

    Parameters
    ----------
    models : sequence of (int, CommunityModel)
        The models, each with its column.
    thresholds : sequence of float
        One per column.
    refractory_s, pre_roll_s : float
        As for `WakeWord`.
    ours : (SpotterCore, sequence of int) or None
        A stream of our models, and their columns.
    """

    def __init__(
        self,
        models: Sequence[tuple[int, CommunityModel]],
        thresholds: Sequence[float],
        refractory_s: float,
        pre_roll_s: float,
        ours: tuple[SpotterCore, Sequence[int]] | None,
    ) -> None:
        self._ours = None if ours is None else ours[0]
        self._our_columns: Sequence[int] = () if ours is None else ours[1]
        strides = [model.card.frame_stride for _, model in models]
        self.frame_stride = math.gcd(*strides, *([self._ours.frame_stride] if self._ours else []))
        self._row_samples = self.frame_stride * _FRAME_SAMPLES
        self._pre_roll_samples = round(pre_roll_s * SAMPLE_RATE_HZ)
        refractory_samples = round(refractory_s * SAMPLE_RATE_HZ)
        self._triggers = [_Trigger(refractory_samples) for _ in thresholds]
        self._thresholds = [list(thresholds) for _ in PLAYBACKS]
        self._runners = _make_runners(models)
        self._state = (0, 0, 0)
        self._history = AudioHistory(
            self._pre_roll_samples + WORD_SAMPLES + self._row_samples + _FRAME_SAMPLES
        )
        self._lock = threading.Lock()
        self._forget()

    @property
    def ours(self) -> SpotterCore | None:
        """The stream of our models."""
        return self._ours

    @property
    def nbytes(self) -> int:
        """Bytes of state, without what the community interpreters hold."""
        ours = 0 if self._ours is None else self._ours.nbytes
        return ours + sum(runner.nbytes for runner, _ in self._runners)

    @property
    def history_nbytes(self) -> int:
        """Bytes of audio for snippets."""
        return self._history.nbytes + (0 if self._ours is None else self._ours.history_nbytes)

    def process(self, pcm: Pcm, /) -> Sequence[RawDetection]:
        """Consume audio; return the detections."""
        return self.process_with_scores(pcm)[0]

    def scores(self, pcm: Pcm, /) -> Scores:
        """Consume audio; return the scores."""
        return self.process_with_scores(pcm)[1]

    def process_with_scores(self, pcm: Pcm, /) -> tuple[Sequence[RawDetection], Scores]:
        """Consume audio; return both."""
        samples = as_pcm(pcm)
        if not self._lock.acquire(blocking=False):
            raise StreamError("stream is in use by another thread")
        try:
            found: list[RawDetection] = []
            rows = []
            begin = 0
            while begin < len(samples):
                piece = samples[begin : begin + self._row_samples - self._now % self._row_samples]
                begin += len(piece)
                self._now += len(piece)
                found += self._take(piece)
                if self._now % self._row_samples == 0:
                    rows.append(self._newest.copy())
        finally:
            self._lock.release()
        scores = np.array(rows, np.float32).reshape(-1, len(self._triggers))
        return found, scores

    def set_state(self, device_type: int, playback: int, volume_bucket: int, /) -> None:
        """Set the codes of the device state; from any thread."""
        self._state = (device_type, playback, volume_bucket)
        if self._ours is not None:
            self._ours.set_state(device_type, playback, volume_bucket)

    def set_thresholds(self, playback: int, thresholds: Sequence[float], /) -> None:
        """Set the thresholds, one per column, while the device plays this."""
        self._thresholds[playback] = list(thresholds)
        if self._ours is not None:
            self._ours.set_thresholds(playback, [thresholds[i] for i in self._our_columns])

    def reset(self) -> None:
        """Start a new stream."""
        if self._ours is not None:
            self._ours.reset()
        for runner, _ in self._runners:
            runner.reset()
        for trigger in self._triggers:
            trigger.reset()
        self._history.reset()
        self._forget()

    def _forget(self) -> None:
        self._now = 0
        self._newest = np.zeros(len(self._triggers), np.float32)

    def _take(self, piece: PcmBlock) -> list[RawDetection]:
        found: list[RawDetection] = []
        self._history.append(piece)
        if self._ours is not None:
            ours, scores = self._ours.process_with_scores(piece)
            found += [_moved(raw, self._our_columns[raw.keyword_index]) for raw in ours]
            if len(scores):
                self._newest[list(self._our_columns)] = scores[-1]
        for runner, columns in self._runners:
            for score in runner.process(piece):
                column = columns[score.model]
                self._newest[column] = score.value
                if self._triggers[column].step(score, self._thresholds[self._state[1]][column]):
                    found.append(self._detection(column, score))
        return sorted(found, key=lambda raw: raw.detected_sample)

    def _detection(self, column: int, score: Score) -> _Found:
        word_begin = max(0, score.end_sample - WORD_SAMPLES)
        begin, snippet = self._history.cut(word_begin - self._pre_roll_samples, score.end_sample)
        return _Found(
            column,
            score.value,
            None,
            None,
            score.end_sample,
            snippet,
            word_begin - begin,
            self._state,
        )


def _moved(raw: RawDetection, column: int) -> _Found:
    return _Found(
        column,
        raw.score,
        raw.start_sample,
        raw.end_sample,
        raw.detected_sample,
        raw.snippet,
        raw.pre_roll_samples,
        raw.state,
    )


def _make_runners(
    models: Sequence[tuple[int, CommunityModel]],
) -> list[tuple[Runner, list[int]]]:
    from pywakeword.models.community.micro import MicroRunner
    from pywakeword.models.community.open_wake_word import OpenRunner

    runners: list[tuple[Runner, list[int]]] = []
    for of_micro, kind in ((True, MicroRunner), (False, OpenRunner)):
        chosen = [(column, model) for column, model in models if (model.kind == MICRO) == of_micro]
        if chosen:
            runner: Runner = kind([model for _, model in chosen])
            runners.append((runner, [column for column, _ in chosen]))
    return runners
