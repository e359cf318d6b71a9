"""Predicts syntactic distances from plain English text, with a small ONNX network."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.errors import EmptyTextError, ModelError
from pywakeword.models.onnx import OnnxModel, load_onnx_model
from pywakeword.tts.text.syntax import distances_from_scores
from pywakeword.tts.text.syntax_features import ID_FEATURES, N_FLAGS, Vocabulary, encode
from pywakeword.tts.text.tokens import Token, by_sentence, tokenize

SYNTAX_TASK = "syntax"
_NAME = "syntax"
# Above every score of the network: sentences of a text part before their words do.
_BETWEEN_SENTENCES = float("inf")


@dataclass(frozen=True)
class SpokenWord:
    """A word of a text, ``text[start:end]``, and its syntactic distance.

    `score` is the output of the network. The order of the scores determines the tree, and its
    heights are the distances; to compare distant words, use the score. Words are split as in a
    treebank: "they've" is "they" and "'ve", without a gap.
    """

    text: str
    start: int
    end: int
    distance: int
    score: float


class SyntaxPredictor:
    """Predicts the syntactic distance of each word of a text. Thread-safe; uses one CPU thread.

    Parameters
    ----------
    model : path, optional
        An .onnx file with its card beside it, as `python -m tools.syntax train` writes them.
        By default the bundled one.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed (extra `tts`).
    ModelNotFoundError
        If there is no such file.
    ModelError
        If the file is no such network, or does not fit its card (`CardError`).
    """

    def __init__(self, model: str | Path | None = None) -> None:
        self._model = load_onnx_model(
            _NAME if model is None else Path(model), SYNTAX_TASK, room="tts/syntax", extra="tts"
        )
        self._vocabulary = _vocabulary(self._model)

    def predict(self, text: str) -> list[SpokenWord]:
        """Return the words of a text with their distances; the first distance is 0.

        Several sentences become children of one node, binarised to the right. The time is
        proportional to the number of words.

        Raises
        ------
        EmptyTextError
            If the text has no word.
        """
        tokens = tokenize(text)
        words = [token for token in tokens if token.mark is None]
        if not words:
            raise EmptyTextError(f"the text {text[:40]!r} has no word to speak")
        scores = np.concatenate([self._sentence_scores(part) for part in by_sentence(tokens, text)])
        distances = distances_from_scores(scores.tolist())
        return [
            SpokenWord(word.text, word.start, word.end, distance, float(score))
            for word, distance, score in zip(words, distances, scores)
        ]

    def scores(self, pieces: list[tuple[str, str | None]]) -> npt.NDArray[np.float32]:
        """Return the network's scores for one tokenised sentence.

        Parameters
        ----------
        pieces : list of (text, mark)
            Words (mark None) and punctuation (one of `tokens.MARKS`), at least one word.

        Returns
        -------
        (n_words,) ndarray of float32
            Only their order is meaningful; the first is not.
        """
        ids, flags = encode(pieces, self._vocabulary)
        (scores,) = self._model.run({"ids": ids[None], "flags": flags[None]}, ["scores"])
        return np.asarray(scores[0], np.float32)

    def _sentence_scores(self, tokens: list[Token]) -> npt.NDArray[np.float32]:
        scores = self.scores([(token.text, token.mark) for token in tokens])
        scores[0] = _BETWEEN_SENTENCES
        return scores


def predict_distances(text: str) -> list[int]:
    """Return the syntactic distance of each word of a text, by the bundled network.

    `SyntaxPredictor.predict` also returns the words and their positions.

    Raises
    ------
    EmptyTextError
        If the text has no word.
    """
    return [word.distance for word in _bundled().predict(text)]


@functools.cache
def _bundled() -> SyntaxPredictor:
    return SyntaxPredictor()


def _vocabulary(model: OnnxModel) -> Vocabulary:
    shapes = {name: shape[-1] for name, shape in model.inputs.items()}
    if shapes != {"ids": len(ID_FEATURES), "flags": N_FLAGS}:
        raise ModelError(f"{model.path}: inputs {shapes} are not those of a syntax network")
    try:
        values = json.loads(model.session.get_modelmeta().custom_metadata_map["vocabulary"])
        # Ids count from 1, in the order of the file.
        return {
            name: {value: number for number, value in enumerate(values[name], 1)}
            for name in ID_FEATURES
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{model.path}: the vocabulary is missing or malformed ({error!r})"
        ) from None
