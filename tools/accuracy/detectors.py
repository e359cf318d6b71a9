"""One interface for pywakeword and its peers: the scores of a stream.

Every detector starts afresh for each stream, gets 10 ms (or its own) chunks from Python
and half a second of silence at the end. `score_shift_s` is the time between two scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

import pywakeword
from pywakeword.training.figures.conditions import Stream
from pywakeword.training.network.shape import SIZES, model_name

_TRAIL = np.zeros(8000, np.int16)


class Detector(Protocol):
    """Gives the smoothed score over time."""

    name: str
    score_shift_s: float

    def scores(self, stream: Stream) -> npt.NDArray[np.float32]:
        """Return the scores of a stream, (n_scores,)."""


@dataclass
class Pywakeword:
    """A model; `metadata=False` leaves the device state unknown."""

    word: str
    metadata: bool = True
    size: str = "standard"
    folder: Path | None = None  # of a model that is not bundled

    def __post_init__(self) -> None:
        name = model_name(self.word, self.size)
        path = name if self.folder is None else str(self.folder / f"{name}.tflite")
        self._spotter = pywakeword.WakeWord(path)
        self.score_shift_s = self._spotter.frame_shift_s
        self.name = f"pywakeword {pywakeword.__version__}"
        if self.folder is not None:
            self.name += f" {self.folder.name}"
        if self.size != "standard":
            self.name += f", {self.size}"
        if not self.metadata:
            self.name += ", no state"

    def scores(self, stream: Stream) -> npt.NDArray[np.float32]:
        """Return the spotter's own smoothed scores."""
        self._spotter.reset()
        self._spotter.device_state = stream.state if self.metadata else pywakeword.DeviceState()
        return self._spotter.scores(np.concatenate([stream.pcm, _TRAIL]))[:, 0]


class PymicroWakeword:
    """microWakeWord's alexa; its own sliding mean of five probabilities, every 30 ms."""

    score_shift_s = 0.03

    def __init__(self) -> None:
        from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

        self._features = MicroWakeWordFeatures
        self._detector = MicroWakeWord.from_builtin(Model.ALEXA)
        self.name = f"pymicro-wakeword {version('pymicro-wakeword')}"

    def scores(self, stream: Stream) -> npt.NDArray[np.float32]:
        """Return the mean of the last five probabilities."""
        self._detector.reset()
        features = self._features()
        probabilities = [
            probability
            for row in features.process_streaming(np.concatenate([stream.pcm, _TRAIL]).tobytes())
            if (probability := self._detector.process_streaming_prob(row)) is not None
        ]
        window = self._detector.sliding_window_size
        padded = np.concatenate([np.zeros(window - 1), probabilities])
        means = np.convolve(padded, np.ones(window) / window, "valid")
        return np.asarray(means, np.float32)


class OpenWakeWord:
    """openWakeWord's alexa on the TFLite C library; one score every 80 ms."""

    score_shift_s = 0.08

    def __init__(self) -> None:
        from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures

        self._features = OpenWakeWordFeatures.from_builtin()
        self._detector = OpenWakeWord.from_builtin(Model.ALEXA)
        self.name = f"openWakeWord (pyopen-wakeword {version('pyopen-wakeword')})"
        self._feed(np.zeros(10 * 16_000, np.int16))

    def _feed(self, pcm: npt.NDArray[np.int16]) -> list[float]:
        return [
            probability
            for at in range(0, len(pcm), 1280)
            for embeddings in self._features.process_streaming(pcm[at : at + 1280].tobytes())
            for probability in self._detector.process_streaming(embeddings)
        ]

    def scores(self, stream: Stream) -> npt.NDArray[np.float32]:
        """Return the probabilities; the stream before is forgotten in silence."""
        self._feed(np.zeros(3 * 16_000, np.int16))
        return np.asarray(self._feed(np.concatenate([stream.pcm, _TRAIL])), np.float32)


class Porcupine:
    """Porcupine 1.9.5: gives only yes or no, so its score is the least sensitivity that fires."""

    score_shift_s = 0.032
    _SENSITIVITIES = (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)

    def __init__(self, word: str) -> None:
        import pvporcupine

        self._engines = [
            pvporcupine.create(keywords=[word], sensitivities=[float(s)])
            for s in self._SENSITIVITIES
        ]
        self.name = "Porcupine 1.9.5"

    def scores(self, stream: Stream) -> npt.NDArray[np.float32]:
        """Return 1.01 - sensitivity of the strictest engine that fires, else 0."""
        pcm = np.concatenate([stream.pcm, _TRAIL])
        size = self._engines[0].frame_length
        frames = pcm[: len(pcm) // size * size].reshape(-1, size)
        silence = np.zeros(size, np.int16)
        out = np.zeros(len(frames), np.float32)
        for sensitivity, engine in zip(self._SENSITIVITIES, self._engines):
            for _ in range(50):  # it has no reset: let it forget the stream before
                engine.process(silence)
            for i, frame in enumerate(frames):
                if engine.process(frame) >= 0:
                    out[i] = max(out[i], 1.01 - sensitivity)
        return out


def detectors(word: str, peers: list[str], models: Sequence[Path] = ()) -> list[Detector]:
    """Build pywakeword with and without state and in each size, and the peers that have `word`.

    `models` are folders with further models, in either size, of words that are bundled or not.
    """
    chosen: list[Detector] = []
    if word in pywakeword.available_models():
        chosen += [Pywakeword(word), Pywakeword(word, metadata=False)]
    if model_name(word, "small") in pywakeword.available_models():
        chosen.append(Pywakeword(word, size="small"))
    for folder in models:
        sizes = [s for s in SIZES if (folder / f"{model_name(word, s)}.tflite").is_file()]
        chosen += [Pywakeword(word, size=size, folder=folder) for size in sizes]
    if "pymicro-wakeword" in peers and word == "alexa":
        chosen.append(PymicroWakeword())
    if "openwakeword" in peers and word == "alexa":
        chosen.append(OpenWakeWord())
    if "porcupine" in peers and word in ("alexa", "computer"):
        chosen.append(Porcupine(word))
    if not chosen:
        raise ValueError(f"no model of {word}: name its folder with --models")
    return chosen
