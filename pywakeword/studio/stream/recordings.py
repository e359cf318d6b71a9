"""Recordings that were dropped on the page: decoded, analysed, and read in parts.

They lie in a temporary folder under numbers of this module; the name of a file is only shown.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._core import Lfbe
from pywakeword._fields import printable
from pywakeword.audio import FileSource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock
from pywakeword.errors import PyWakewordError
from pywakeword.studio.catalogue import StudioError
from pywakeword.studio.stream.analysis import HOP_SAMPLES, Analyser, Frames, scaled

MAX_RECORDINGS = 200
MAX_RANGE_S = 120
# A word may end with the file, and is found shortly after its end.
_TRAILING_SILENCE = np.zeros(SAMPLE_RATE_HZ // 2, np.int16)
_LOWEST_MISS = 0.05


@dataclass
class Recording:
    """One recording. Written by the analysing thread, read by others."""

    id: str
    name: str
    path: Path  # the upload, then 16 kHz int16 samples
    status: str = "waiting"  # waiting, analysing, ready, failed
    error: str = ""
    progress: float = 0.0
    n_samples: int = 0
    words: list[dict[str, Any]] = field(default_factory=list)
    speech_delay: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    scores: dict[str, npt.NDArray[np.float16]] = field(default_factory=dict)
    speech: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def to_json(self) -> dict[str, Any]:
        """Return what the page lists."""
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "error": self.error,
            "progress": round(self.progress, 3),
            "samples": self.n_samples,
            "words": self.words,
            "speech_delay": self.speech_delay,
            "events": self.events,
            "best": self.best(),
        }

    def best(self) -> dict[str, Any]:
        """Return the highest score of each word, and where."""
        best = {}
        for word in self.words:
            scores = self.scores.get(word["key"])
            if scores is not None and len(scores):
                row = int(scores.argmax())
                at = (row + 1) * word["stride"] * HOP_SAMPLES
                best[word["key"]] = {"score": round(float(scores[row]), 4), "sample": at}
        return best


class Recordings:
    """Keeps recordings until the studio ends; the oldest go beyond `MAX_RECORDINGS`."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pywakeword-studio-")
        self._pool = ThreadPoolExecutor(1, "recordings")
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._recordings: dict[str, Recording] = {}
        self._is_open = True

    def close(self) -> None:
        """Stop analysing and delete everything."""
        self._is_open = False
        self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def new(self, name: str) -> Recording:
        """Return a recording whose audio is still to be written to its path."""
        id_ = f"r{next(self._numbers)}"
        return Recording(id_, printable(name), Path(self._folder.name) / f"{id_}.upload")

    def add(self, recording: Recording, make: Callable[[], Analyser]) -> None:
        """Analyse what was written."""
        with self._lock:
            self._recordings[recording.id] = recording
            beyond = list(self._recordings)[:-MAX_RECORDINGS]
        for id_ in beyond:
            self.delete(id_)
        self._pool.submit(self._run, recording, make)

    def analyse_again(self, id_: str, make: Callable[[], Analyser]) -> Recording:
        """Analyse a recording with other models, thresholds or state."""
        recording = self.get(id_)
        if recording.status not in ("ready", "failed") or recording.path.suffix != ".pcm":
            raise StudioError(f"{recording.name} is being analysed")
        recording.status, recording.progress = "waiting", 0.0
        self._pool.submit(self._run, recording, make)
        return recording

    def get(self, id_: str) -> Recording:
        """Return a recording."""
        with self._lock:
            if id_ not in self._recordings:
                raise StudioError("there is no such recording")
            return self._recordings[id_]

    def delete(self, id_: str) -> None:
        """Forget a recording."""
        recording = self.get(id_)
        with self._lock:
            del self._recordings[id_]
        recording.path.unlink(missing_ok=True)

    def list(self) -> list[dict[str, Any]]:
        """Return all recordings."""
        with self._lock:
            return [recording.to_json() for recording in self._recordings.values()]

    def read(self, recording: Recording, first: int, n: int) -> PcmBlock:
        """Return samples; fewer at the end."""
        if first < 0 or not 0 < n <= MAX_RANGE_S * SAMPLE_RATE_HZ:
            raise StudioError(f"at most {MAX_RANGE_S} s can be read at once")
        with recording.path.open("rb") as file:
            file.seek(2 * first)
            return np.frombuffer(file.read(2 * n), "<i2").astype(np.int16)

    def frames(self, recording: Recording, first: int, n: int) -> Frames:
        """Return the frames of a part that begins at a multiple of every stride."""
        if recording.status != "ready":
            raise StudioError(f"{recording.name} is not analysed yet")
        pcm = self.read(recording, first, n)
        row, last = first // HOP_SAMPLES, (first + len(pcm)) // HOP_SAMPLES
        strides = {word["key"]: word["stride"] for word in recording.words}
        inside = [e for e in recording.events if first <= e["detected"] <= first + len(pcm)]
        return Frames(
            first,
            pcm,
            scaled(Lfbe().process(pcm)),
            recording.speech[row:last].astype(np.float32) / np.float32(255),
            {
                key: scores[row // strides[key] : last // strides[key]].astype(np.float32)
                for key, scores in recording.scores.items()
            },
            inside,
        )

    def _run(self, recording: Recording, make: Callable[[], Analyser]) -> None:
        try:
            recording.status = "analysing"
            if recording.path.suffix != ".pcm":
                self._decode(recording)
            self._analyse(recording, make())
            recording.status, recording.progress = "ready", 1.0
        except (PyWakewordError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            recording.error = reason.replace(str(recording.path), recording.name)
            recording.status = "failed"

    def _decode(self, recording: Recording) -> None:
        upload, target = recording.path, recording.path.with_suffix(".pcm")
        try:
            source = FileSource(upload)
            with target.open("wb") as file:
                for block in source:
                    file.write(block.astype("<i2", copy=False).tobytes())
                    recording.n_samples += len(block)
                    seconds = recording.n_samples / SAMPLE_RATE_HZ
                    recording.progress = 0.3 * min(1.0, seconds / max(1.0, source.duration_s))
                    self._check_open()
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        finally:
            upload.unlink(missing_ok=True)
        recording.path = target
        if not recording.n_samples:
            raise StudioError(f"{recording.name} holds no audio")

    def _analyse(self, recording: Recording, analyser: Analyser) -> None:
        description = analyser.describe()
        parts: list[Frames] = []
        events: list[dict[str, Any]] = []
        for first in range(0, recording.n_samples, 10 * SAMPLE_RATE_HZ):
            frames = analyser.process(self.read(recording, first, 10 * SAMPLE_RATE_HZ))
            events += frames.events
            parts.append(_light(frames))
            recording.progress = 0.3 + 0.7 * first / recording.n_samples
            self._check_open()
        for frames in (analyser.process(_TRAILING_SILENCE), analyser.finish()):
            events += frames.events
            parts.append(_light(frames))
        recording.words = description["words"]
        recording.speech_delay = description["speech_delay"]
        recording.speech = np.concatenate([np.rint(255 * p.speech) for p in parts]).astype(np.uint8)
        recording.scores = {
            word["key"]: np.concatenate([p.scores[word["key"]] for p in parts]).astype(np.float16)
            for word in recording.words
        }
        recording.events = [*events, *near_misses(recording, events)]
        recording.events.sort(key=lambda event: event["detected"])
        recording.error = ""

    def _check_open(self) -> None:
        if not self._is_open:
            raise StudioError("the studio has ended")


def near_misses(recording: Recording, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return an event for the highest peak of each word that has no detection near it."""
    found = []
    best: Mapping[str, Any] = recording.best()
    for word in recording.words:
        peak = best.get(word["key"])
        own = [e for e in events if e["kind"] == "detection" and e["key"] == word["key"]]
        if peak is None or own or peak["score"] < _LOWEST_MISS:
            continue
        found.append(
            {
                "kind": "near_miss",
                "key": word["key"],
                "word": word["word"],
                "score": peak["score"],
                "start": max(0, peak["sample"] - SAMPLE_RATE_HZ),
                "detected": peak["sample"],
            }
        )
    return found


def _light(frames: Frames) -> Frames:
    """Return the frames without what is computed anew when it is drawn."""
    return Frames(frames.first, frames.pcm[:0], frames.features[:0], frames.speech, frames.scores)
