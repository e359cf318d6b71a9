"""A Piper voice, by its ONNX file; Piper's own program is not needed."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np

from pywakeword._extras import require
from pywakeword.models.onnx import Session, open_session
from pywakeword.voices.engines.phonemes import TIE, phonemes
from pywakeword.voices.voice import Audio, check_speed, check_text, choose

_START, _END, _BETWEEN = "^", "$", "_"


class Piper:
    """Speaks by a Piper network with one speaker, on one core.

    Parameters
    ----------
    model : path
        The `.onnx` file; its `.onnx.json` lies beside it.
    speaker : str
        What to call the speaker.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed.
    """

    name = "piper"
    languages: tuple[str, ...] = ("en-us",)

    def __init__(self, model: Path, speaker: str) -> None:
        self._onnxruntime = require("onnxruntime", "kokoro")
        config = json.loads(model.with_name(model.name + ".json").read_text(encoding="utf-8"))
        self._model = model
        self._numbers: dict[str, list[int]] = config["phoneme_id_map"]
        self._espeak: str = config["espeak"]["voice"]
        inference = config["inference"]
        self._noise = inference["noise_scale"], inference["noise_w"]
        self.sample_rate: int = config["audio"]["sample_rate"]
        self.speakers: tuple[str, ...] = (speaker,)

    def synthesize(
        self,
        text: str,
        speaker: str | None = None,
        *,
        speed: float = 1.0,
        seed: int = 0,
        language: str | None = None,
    ) -> Audio:
        """Speak a text, as `Voice` says."""
        text = check_text(text)
        check_speed(speed)
        choose("speaker", speaker, self.speakers, self.name)
        choose("language", language, self.languages, self.name)
        sounds = unicodedata.normalize("NFD", phonemes(text, self._espeak).replace(TIE, ""))
        numbers = [*self._numbers[_START], *self._numbers[_BETWEEN]]
        for sound in sounds:
            if sound in self._numbers:
                numbers += [*self._numbers[sound], *self._numbers[_BETWEEN]]
        numbers += self._numbers[_END]
        noise, noise_width = self._noise
        (audio,) = self._seeded(seed).run(
            None,
            {
                "input": np.array([numbers], np.int64),
                "input_lengths": np.array([len(numbers)], np.int64),
                "scales": np.array([noise, 1 / speed, noise_width], np.float32),
            },
        )
        return np.clip(np.asarray(audio, np.float32).ravel(), -1, 1)

    def _seeded(self, seed: int) -> Session:
        """Return a session whose noise starts at `seed`: it is drawn as the session is used."""
        self._onnxruntime.set_seed(seed % 2**31)
        return open_session(self._model, extra="kokoro")
