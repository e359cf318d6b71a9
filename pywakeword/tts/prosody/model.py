"""`ProsodyModel`: chooses the prosody of the most similar recorded sentence, and decodes it."""

from __future__ import annotations

import functools
import io
import threading
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.errors import CardError, EmptyTextError, ModelError, ModelNotFoundError
from pywakeword.models.card import read_file_entry
from pywakeword.models.digest import check_file, read_file
from pywakeword.models.onnx import OnnxModel, load_onnx_model
from pywakeword.tts.recording.alignment import PHONES
from pywakeword.tts.text.sentence_encoder import MiniLmEncoder, SentenceEncoder
from pywakeword.tts.text.sentence_structure import WIDTH, structure_vector
from pywakeword.tts.text.syntax_predictor import SyntaxPredictor

PROSODY_TASK = "prosody"
_NAME = "prosody"
WAYS = ("centroid", "syntactic", "semantic", "both")
CONTOURS = ("octaves", "decibels", "log_seconds")
N_POSITIONS = 5
EMBEDDING_WIDTH = 16
_ARRAYS = {"embeddings", "centroid", "structures", "structure_mean", "structure_scale", "meanings"}

Array = npt.NDArray[np.float32]


class EmbeddingBank:
    """Embeddings of training utterances, and descriptions of their sentences.

    Parameters
    ----------
    embeddings : (n_utterances, width) ndarray
        Embeddings from the encoder.
    centroid : (width,) ndarray
        Their mean.
    structures : (n_utterances, n) ndarray
        `structure_vector` of each sentence, standardised and scaled to unit length.
    structure_mean, structure_scale : (n,) ndarray
        Mean and scale for standardising new vectors.
    meanings : (n_utterances, m) ndarray
        Vectors from the sentence encoder, of unit length up to rounding.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        for name in _ARRAYS:
            setattr(self, name, np.asarray(arrays[name], np.float32))

    embeddings: Array
    centroid: Array
    structures: Array
    structure_mean: Array
    structure_scale: Array
    meanings: Array

    def similarities(self, way: str, structure: Array | None, meaning: Array | None) -> Array:
        """Return the cosine similarity to each utterance; for `both`, the mean of the two."""
        parts = []
        if way in ("syntactic", "both"):
            assert structure is not None
            wanted = (structure - self.structure_mean) / self.structure_scale
            parts.append(self.structures @ (wanted / max(1e-9, float(np.linalg.norm(wanted)))))
        if way in ("semantic", "both"):
            assert meaning is not None
            parts.append(self.meanings @ meaning)
        return np.asarray(np.mean(parts, axis=0), np.float32)


class ProsodyModel:
    """Chooses an embedding for a sentence, and decodes it for the phones. Thread-safe.

    Parameters
    ----------
    model : path, optional
        An .onnx file with card and bank, as written by `python -m tools.prosody train`.
        Default: the bundled model.
    encoder : SentenceEncoder, optional
        Must be the encoder of the bank. Default: `MiniLmEncoder`, loaded at first use.
    predictor : SyntaxPredictor, optional
        Default: the bundled one.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed (extra `tts`).
    ModelNotFoundError, CardError, ModelError
        If a file is missing or does not match its card.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        encoder: SentenceEncoder | None = None,
        predictor: SyntaxPredictor | None = None,
    ) -> None:
        self._model = load_onnx_model(
            _NAME if model is None else Path(model), PROSODY_TASK, room="tts/prosody", extra="tts"
        )
        path = self._model.path
        self.bank, self.encoder_name = _read_bank(self._model)
        if encoder is not None and encoder.name != self.encoder_name:
            raise CardError(
                f"{path}: the bank needs the encoder {self.encoder_name!r}, not {encoder.name!r}"
            )
        self._encoder = encoder
        self._predictor = predictor
        self._lock = threading.Lock()
        if self.bank.structures.shape[1] != WIDTH:
            raise CardError(f"{path}: its sentence descriptions do not have the width {WIDTH}")
        if self.bank.centroid.shape != (EMBEDDING_WIDTH,):
            raise CardError(f"{path}: its embeddings do not have the width {EMBEDDING_WIDTH}")

    def choose(self, text: str | None, way: str) -> Array:
        """Return the embedding for a sentence.

        Parameters
        ----------
        text : str or None
            The sentence; may be None for `centroid`.
        way : str
            One of `WAYS`.

        Raises
        ------
        EmptyTextError
            If the text is missing or has no word.
        MissingExtraError
            If the sentence encoder is needed and not installed (extra `semantic`).
        """
        index = self.nearest(text, way)
        return self.bank.centroid if index is None else self.bank.embeddings[index]

    def nearest(self, text: str | None, way: str) -> int | None:
        """Return the index of the most similar training utterance, None for `centroid`."""
        if way not in WAYS:
            raise ValueError(f"way must be one of {', '.join(WAYS)}; got {way!r}")
        if way == "centroid":
            return None
        if text is None:
            raise EmptyTextError(f"prosody cannot be chosen by {way} without a text")
        structure = meaning = None
        if way != "semantic":
            with self._lock:  # creates it only once
                self._predictor = self._predictor or SyntaxPredictor()
        if way != "semantic":
            assert self._predictor is not None
            structure = structure_vector(text, self._predictor)
        if way != "syntactic":
            meaning = self.sentence_encoder().encode([text])[0]
        return int(np.argmax(self.bank.similarities(way, structure, meaning)))

    def decode(
        self, phones: Sequence[str], after_pause: npt.NDArray[np.bool_], embedding: Array
    ) -> Array:
        """Return the contours of phones.

        Parameters
        ----------
        phones : sequence of str
            Names from `PHONES`, without pauses.
        after_pause : (n_phones,) ndarray of bool
            Whether a pause precedes the phone.
        embedding : (width,) ndarray of float32
            From `choose`.

        Returns
        -------
        (n_phones, 3) ndarray of float32
            Columns as in `CONTOURS`: log F0 in octaves above the speaker's mean; energy in
            dB and natural log duration, relative to the means of the speaker and the phone.
        """
        if not len(phones):
            return np.empty((0, len(CONTOURS)), np.float32)
        feed: dict[str, npt.NDArray[Any]] = {
            "phones": phone_ids(phones),
            "positions": phone_positions(after_pause),
            "embedding": np.asarray(embedding, np.float32),
        }
        return np.asarray(self._model.run(feed, ["contours"])[0], np.float32)

    def deviations(
        self, phones: Sequence[str], after_pause: npt.NDArray[np.bool_], embedding: Array
    ) -> Array:
        """Return the contours minus those of the centroid."""
        contours = self.decode(phones, after_pause, embedding)
        return contours - self.decode(phones, after_pause, self.bank.centroid)

    def sentence_encoder(self) -> SentenceEncoder:
        """Return the encoder that the bank was made with, loaded at the first call."""
        with self._lock:
            self._encoder = self._encoder or self._default_encoder()
            return self._encoder

    def _default_encoder(self) -> SentenceEncoder:
        if self.encoder_name != MiniLmEncoder.name:
            raise ModelError(f"the bank needs the encoder {self.encoder_name!r}: pass it")
        return MiniLmEncoder()


@functools.cache
def bundled_prosody() -> ProsodyModel:
    """Return the bundled model, loaded once."""
    return ProsodyModel()


def phone_ids(phones: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the index of each phone in `PHONES`; `ValueError` for an unknown name."""
    return np.array([PHONES.index(phone) for phone in phones], np.int64)


def phone_positions(after_pause: npt.NDArray[np.bool_]) -> Array:
    """Return the position of each phone, (n_phones, N_POSITIONS).

    Columns: phones from the start and to the end, at most 20; phones since the last pause and to
    the next, at most 10; and the number of phones.
    """
    n = len(after_pause)
    index = np.arange(n)
    starts = np.where(after_pause, index, 0)
    since = index - np.maximum.accumulate(starts)
    nexts = np.append(np.where(after_pause, index, n)[1:], n)
    until = np.minimum.accumulate(nexts[::-1])[::-1] - 1 - index
    columns = [
        np.minimum(index, 20) / 20,
        np.minimum(n - 1 - index, 20) / 20,
        np.minimum(since, 10) / 10,
        np.minimum(until, 10) / 10,
        np.full(n, np.log(n) / 4),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _read_bank(model: OnnxModel) -> tuple[EmbeddingBank, str]:
    """Return the bank beside a model, and the name of the encoder that it was made with."""
    try:
        entry = read_file_entry(model.card, "bank")
        encoder = model.card.section("bank").string("encoder")
        path = model.path.with_name(entry.file)
        if not path.is_file():
            raise ModelNotFoundError(str(path), [_NAME])
        data = read_file(path, n_bytes=entry.n_bytes)
        check_file(data, entry.sha256, entry.n_bytes)
    except CardError as error:
        raise CardError(f"{model.path}: section bank: {error}") from None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = dict(stored)
        arrays["meanings"] = arrays["meanings"].astype(np.float32) / 127
        return EmbeddingBank(arrays), encoder
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: not a bank of embeddings: {error!r}") from error
