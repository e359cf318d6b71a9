"""Kokoro-82M: 54 speakers, any mixture of them, and seven languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.models.onnx import open_session
from pywakeword.voices.edges import trimmed
from pywakeword.voices.engines.kokoro_graph import DURATIONS
from pywakeword.voices.engines.kokoro_phonemes import kokoro_phonemes
from pywakeword.voices.engines.kokoro_symbols import NUMBERS
from pywakeword.voices.errors import VoiceFailedError
from pywakeword.voices.mixture import parse_mixture
from pywakeword.voices.voice import Audio, Span, check_speed, check_text, choose

# Language codes of this package and espeak-ng's.
_LANGUAGES = {
    "en-us": "en-us",
    "en-gb": "en-gb",
    "es": "es",
    "fr": "fr-fr",
    "it": "it",
    "pt": "pt-br",
    "hi": "hi",
}
_FRAME_SAMPLES = 600
_STYLE_SIZE = 256
# A seed takes the style of a text up to this many symbols longer: another melody, same voice.
_STYLES = 40
# The predicted durations lag behind the sound: measured on fricatives, 50 ms at speed 1.
_LAG_SAMPLES = 1200
_LOUDEST = 0.98
_PAUSES = ";:,.!?—…"


class Kokoro:
    """Speaks by Kokoro's float network.

    Parameters
    ----------
    model : path
        The float graph of `_kokoro_graph`.
    styles : path
        Folder of the speakers' style vectors, `NAME.bin`.
    threads : int
        Threads per synthesis.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed.
    """

    name = "kokoro"
    sample_rate = 24000
    languages: tuple[str, ...] = tuple(_LANGUAGES)

    def __init__(self, model: str | Path, styles: str | Path, *, threads: int = 1) -> None:
        self._session = open_session(Path(model), extra="kokoro", threads=threads)
        self._new_options = require("onnxruntime", "kokoro").RunOptions
        self._options = self._new_options()
        self._styles = _Styles(Path(styles))
        self.speakers = self._styles.names

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
        return self.synthesize_parts(
            [check_text(text)], speaker, speed=speed, seed=seed, language=language
        )[0]

    def synthesize_parts(
        self,
        parts: Sequence[str],
        speaker: str | None = None,
        *,
        speed: float = 1.0,
        seed: int = 0,
        language: str | None = None,
    ) -> tuple[Audio, list[Span]]:
        """Speak parts as one sentence, as `AlignedVoice` says."""
        self._options = self._new_options()
        check_text(" ".join(parts))
        check_speed(speed)
        code = _LANGUAGES[choose("language", language, self.languages, self.name)]
        pieces = [kokoro_phonemes(part, code) for part in parts]
        if not all(pieces):
            missing = parts[pieces.index("")]
            raise ValueError(f"{self.name} cannot pronounce {missing!r} in {language}")
        spoken, places = _joined(pieces)
        if len(spoken) > self._styles.longest:
            raise ValueError(
                f"the text has {len(spoken)} sounds; {self._styles.longest} are the limit"
            )
        weights = parse_mixture(speaker or self.speakers[0], self.speakers, self.name)
        style = self._styles.mixed(weights, len(spoken) - 1 + seed % _STYLES)
        audio, durations = self._run(spoken, style, speed)
        return audio, _spans(audio, durations, spoken, places, speed)

    def stop(self) -> None:
        """End the synthesis in progress, as `StoppableVoice` says."""
        self._options.terminate = True

    def _run(
        self, spoken: str, style: npt.NDArray[np.float32], speed: float
    ) -> tuple[Audio, npt.NDArray[np.float32]]:
        tokens = np.array([[0, *(NUMBERS[symbol] for symbol in spoken), 0]], np.int64)
        inputs: dict[str, npt.NDArray[Any]] = {
            "tokens": tokens,
            "style": style,
            "speed": np.array([speed], np.float32),
        }
        options = self._options
        try:
            audio, durations = self._session.run(["audio", DURATIONS], inputs, options)
        except Exception as error:  # of no public class
            if options.terminate:
                raise VoiceFailedError(f"{self.name} was stopped") from error
            raise
        loudest = float(np.abs(audio).max())
        scale = np.float32(min(1.0, _LOUDEST / max(loudest, 1e-9)))
        return np.asarray(audio * scale, np.float32), durations.ravel()


class _Styles:
    """The speakers' style vectors, one row per number of symbols in the text."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.names = tuple(sorted(path.stem for path in folder.glob("*.bin")))
        if not self.names:
            raise FileNotFoundError(f"no speakers in {folder}")
        self._read = lru_cache(maxsize=None)(self._read_file)
        self.longest = len(self._read(self.names[0]))

    def mixed(self, weights: dict[str, float], row: int) -> npt.NDArray[np.float32]:
        """Return the convex combination of the speakers' rows, shape (1, 256)."""
        row = min(row, self.longest - 1)
        mixed = sum(weight * self._read(name)[row] for name, weight in weights.items())
        return np.asarray(mixed, np.float32)[np.newaxis]

    def _read_file(self, name: str) -> npt.NDArray[np.float32]:
        values = np.fromfile(self._folder / f"{name}.bin", "<f4")
        return values.reshape(-1, _STYLE_SIZE).astype(np.float32)


def _joined(pieces: list[str]) -> tuple[str, list[tuple[int, int]]]:
    """Return the sentence and where each piece lies in it, spaces between them excluded."""
    sentence, places = "", []
    for piece in pieces:
        if sentence and not sentence.endswith(" ") and piece[0] not in " " + _PAUSES:
            sentence += " "
        places.append((len(sentence), len(sentence) + len(piece)))
        sentence += piece
    return sentence, places


def _spans(
    audio: Audio,
    durations: npt.NDArray[np.float32],
    spoken: str,
    places: list[tuple[int, int]],
    speed: float,
) -> list[Span]:
    """Place each piece by the durations; next to silence, by the sound itself."""
    # starts[i] is where symbol i starts: durations[0] is the silence in front
    lag = _LAG_SAMPLES / speed
    starts = np.cumsum(durations) * _FRAME_SAMPLES - lag
    spans = []
    for begin, stop in places:
        # The space in front of a piece already holds its first sound.
        start = 0 if begin == 0 else int(starts[begin - 1])
        if not spoken[stop:].strip(_PAUSES):
            end = len(audio)
        elif spoken[stop] in _PAUSES:  # the silence is the last sound's and the punctuation's
            end = int(starts[stop] + lag)
        else:
            end = int(starts[stop])
        span = Span(max(start, 0), max(min(end, len(audio)), start + 1))
        spans.append(trimmed(audio, span, Kokoro.sample_rate))
    return spans
