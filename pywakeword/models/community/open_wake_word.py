"""openWakeWord's models, run by pyopen-wakeword; its embeddings feed ONNX networks too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.errors import ModelError
from pywakeword.models.community.files import CommunityModel
from pywakeword.models.community.libraries import (
    EXTRA,
    check_network,
    library_of,
    require_for,
)
from pywakeword.models.community.runner import Runner
from pywakeword.models.foreign import OPEN_WAKE_WORD
from pywakeword.models.onnx import open_session
from pywakeword.models.tflite_input import input_of, is_open_input

_MODULE = "pyopen_wakeword"
_STEP_SAMPLES = 1280
_EMBEDDING = 96
_MOST_WINDOW = 120

Embedding = npt.NDArray[np.float32]  # (1, 1, n, 96)


class Word(Protocol):
    """One word's network on the embeddings."""

    input_windows: int
    embeddings: npt.NDArray[np.float32]

    def reset(self) -> None:
        """Forget all embeddings."""

    def process_streaming(self, embeddings: Embedding, /) -> Iterable[float]:
        """Consume embeddings and return the probabilities that became known."""


class OpenRunner(Runner):
    """Networks on one set of embeddings. A score is one probability: nothing is averaged."""

    def __init__(self, models: Sequence[CommunityModel]) -> None:
        super().__init__(_STEP_SAMPLES)
        module = require_for(_MODULE, models[0].path, OPEN_WAKE_WORD)
        self._module = module
        self._library = library_of(module)
        self._models = models
        self._features = module.OpenWakeWordFeatures.from_builtin()
        self._words: list[Word] = [self._load(model) for model in models]
        self._start()

    @property
    def nbytes(self) -> int:
        """Bytes of the stream's state in Python."""
        arrays = [self._features.audio, self._features.mels]
        arrays += [word.embeddings for word in self._words]
        return sum(array.nbytes for array in arrays)

    def _step(self, audio: bytes) -> list[tuple[int, float]]:
        newest: dict[int, float] = {}
        for embeddings in self._features.process_streaming(audio):
            for number, word in enumerate(self._words):
                for probability in word.process_streaming(embeddings):
                    newest[number] = float(probability)
        return list(newest.items())

    def _reset(self) -> None:
        self._start()

    def _start(self) -> None:
        """Put everything into the state after long silence."""
        features, embeddings = _after_silence()
        self._features.audio = features.audio.copy()
        self._features.new_audio_samples = features.new_audio_samples
        self._features.mels = features.mels.copy()
        self._features.new_mels = features.new_mels
        for word in self._words:
            word.reset()
            for _ in word.process_streaming(embeddings[:, :, -word.input_windows :]):
                pass

    def _load(self, model: CommunityModel) -> Word:
        if model.path.suffix.lower() == ".onnx":
            return OnnxWord(model)
        if not is_open_input(input_of(model.data)):
            raise ModelError(f"{model.path}: this is no network on openWakeWord's embeddings")
        check_network(_MODULE, self._library, model.path)
        word: Word = self._module.OpenWakeWord.from_model(model.path, self._library)
        return word


@lru_cache(maxsize=1)
def _after_silence() -> tuple[Any, Embedding]:
    """Return a front end after silence, and its embeddings; a stream begins with them.

    The front end itself puts 8 s of silence before a stream, which takes a second of CPU time.
    """
    features = require(_MODULE, EXTRA).OpenWakeWordFeatures.from_builtin()
    embeddings = list(features.process_streaming(bytes(2 * _STEP_SAMPLES)))
    return features, np.concatenate(embeddings, axis=2)


class OnnxWord:
    """A network in ONNX Runtime, in the form that pyopen-wakeword gives those in TFLite."""

    def __init__(self, model: CommunityModel) -> None:
        try:
            self._session = open_session(model.data, extra=EXTRA)
        except ModelError as error:
            raise ModelError(f"{model.path}: as a model of openWakeWord: {error}") from error
        inputs = self._session.get_inputs()
        shape = list(inputs[0].shape) if inputs else []
        if len(inputs) != 1 or len(shape) != 3 or shape[2] != _EMBEDDING:
            raise ModelError(
                f"{model.path}: this is no network on openWakeWord's embeddings: its inputs are "
                f"{[list(tensor.shape) for tensor in inputs]}, not one of (1, n, {_EMBEDDING})"
            )
        if not isinstance(shape[1], int) or not 1 <= shape[1] <= _MOST_WINDOW:
            raise ModelError(f"{model.path}: the length of its input is {shape[1]!r}")
        self._path = model.path
        self._name = inputs[0].name
        self.input_windows = shape[1]
        self.reset()
        if np.size(self._run()) != 1:
            raise ModelError(f"{model.path}: the network has more than one output value")

    def reset(self) -> None:
        """Forget all embeddings."""
        self._n_known = 0
        self.embeddings = np.zeros((self.input_windows, _EMBEDDING), np.float32)

    def process_streaming(self, embeddings: Embedding, /) -> Iterable[float]:
        """Consume embeddings and yield the probabilities that became known."""
        for embedding in embeddings.reshape(-1, _EMBEDDING):
            self.embeddings[:-1] = self.embeddings[1:]
            self.embeddings[-1] = embedding
            self._n_known += 1
            if self._n_known >= self.input_windows:
                yield float(np.ravel(self._run())[0])

    def _run(self) -> npt.NDArray[Any]:
        try:
            return np.asarray(self._session.run(None, {self._name: self.embeddings[np.newaxis]})[0])
        except Exception as error:  # its exceptions have no public base class in common
            raise ModelError(f"{self._path}: ONNX Runtime cannot run it: {error}") from error
