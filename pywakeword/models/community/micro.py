"""microWakeWord's models, run by pymicro-wakeword."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pywakeword.errors import ModelError
from pywakeword.models.community.files import CommunityModel
from pywakeword.models.community.libraries import check_network, library_of, require_for
from pywakeword.models.community.runner import Runner
from pywakeword.models.foreign import MICRO

_MODULE = "pymicro_wakeword"
_STEP_SAMPLES = 160
_FEATURES = 40


class MicroRunner(Runner):
    """Networks on one front end. Each averages its newest outputs as its manifest says."""

    def __init__(self, models: Sequence[CommunityModel]) -> None:
        super().__init__(_STEP_SAMPLES)
        module = require_for(_MODULE, models[0].path, MICRO)
        library = library_of(module)
        self._features = module.MicroWakeWordFeatures()
        self._models = models
        self._words = [_load(module, library, model) for model in models]
        self._n_frames = 0

    @property
    def nbytes(self) -> int:
        """Bytes of the stream's state in Python."""
        return sum(
            4 * _FEATURES * model.card.frame_stride + 8 * model.card.smoothing_outputs
            for model in self._models
        )

    def _step(self, audio: bytes) -> list[tuple[int, float]]:
        scores = []
        for frame in self._features.process_streaming(audio):
            self._n_frames += 1
            for number, word in enumerate(self._words):
                probability = word.process_streaming_prob(frame)
                # Between two runs of the network it returns 0.
                if self._n_frames % word.stride == 0:
                    scores.append((number, float(probability)))
        return scores

    def _reset(self) -> None:
        self._features.reset()
        self._n_frames = 0
        for model, word in zip(self._models, self._words):
            # It reads the file again, and does not check that.
            if not model.path.is_file():
                raise ModelError(f"{model.path}: the model is gone")
            word.reset()


def _load(module: Any, library: Any, model: CommunityModel) -> Any:
    check_network(_MODULE, library, model.path)
    try:
        return module.MicroWakeWord(
            model.card.name,
            wake_word=model.card.keywords[0],
            tflite_model=model.path,
            probability_cutoff=model.threshold,
            sliding_window_size=model.card.smoothing_outputs,
            trained_languages=list(model.card.languages),
            libtensorflowlite_c_path=library,
        )
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{model.path}: {error}") from error
