"""Describes the structure of a sentence as a vector: phrasing, word classes, question type."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from pywakeword.tts.text.questions import QUESTION_TYPES, question_type
from pywakeword.tts.text.syntax_predictor import SyntaxPredictor

_N_PLACES = 8  # samples of the distances, for any number of words
_CLASSES = tuple(
    frozenset(words.split())
    for words in (
        "i you he she it we they me him her us them my your his its our their this that these",
        "a an the some any no every each",
        "in on at of to from with by for about into over under after before through between",
        "and but so yet",
        "if because when while although though since unless until than as that which who",
        "am is are was were be been do does did have has had will would can could shall should "
        "may might must",
        "not n't never no nothing nobody",
    )
)
WIDTH = _N_PLACES + 3 + len(_CLASSES) + len(QUESTION_TYPES)


def structure_vector(text: str, predictor: SyntaxPredictor) -> npt.NDArray[np.float32]:
    """Describe the structure of a sentence, also of an unpunctuated transcript.

    Returns
    -------
    (WIDTH,) ndarray of float32
        Syntactic distances at evenly spaced places, relative to the maximum; their mean and
        maximum, and the number of words; shares of seven closed word classes; the question
        type, one-hot.

    Raises
    ------
    EmptyTextError
        If the text has no word.
    """
    kind = question_type(text, guess_unmarked=True)
    closed = text if re.search(r"[.?!]\W*$", text) else text + (".?"[kind != "statement"])
    words = predictor.predict(closed)
    heights = np.array([word.distance for word in words[1:]] or [0], np.float64)
    places = np.linspace(0, len(heights) - 1, _N_PLACES)
    profile = np.interp(places, np.arange(len(heights)), heights) / max(1.0, heights.max())
    size = [heights.mean() / 4, heights.max() / 8, np.log(len(words)) / 2]
    spoken = [word.text.lower() for word in words]
    shares = [sum(word in members for word in spoken) / len(spoken) for members in _CLASSES]
    asked = [float(kind == question) for question in QUESTION_TYPES]
    return np.array([*profile, *size, *shares, *asked], np.float32)
