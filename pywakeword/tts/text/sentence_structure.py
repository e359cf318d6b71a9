"""How a sentence is built, as a vector: phrasing by syntactic distance, words, question type."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from pywakeword.errors import EmptyTextError
from pywakeword.tts.text.syntax_predictor import SyntaxPredictor

_N_PLACES = 8  # at which the distances are sampled, whatever the number of words
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
_WH, _AUXILIARY = (
    frozenset(words.split())
    for words in (
        "what who whom whose which where when why how",
        "am is are was were do does did have has had will would can could shall should may might "
        "must isn't aren't wasn't weren't don't doesn't didn't won't can't couldn't",
    )
)
QUESTIONS = ("statement", "wh", "yes_no", "or")
WIDTH = _N_PLACES + 3 + len(_CLASSES) + len(QUESTIONS)


def question_type(text: str) -> str:
    """Return one of `QUESTIONS`, by the mark and the first words; `EmptyTextError` for no word.

    A recognised text has no marks: then a sentence that begins with a question word counts
    as a wh-question if an auxiliary follows as its second or third word.
    """
    words = re.findall(r"[\w']+", text.lower())
    if not words:
        raise EmptyTextError(f"the text {text[:40]!r} has no word")
    marked = text.rstrip(" \"')").endswith("?")
    wh = words[0] in _WH and (marked or any(word in _AUXILIARY for word in words[1:3]))
    if wh:
        return "wh"
    if marked or (words[0] in _AUXILIARY and len(words) > 2):
        return "or" if "or" in words else "yes_no"
    return "statement"


def structure_vector(text: str, predictor: SyntaxPredictor) -> npt.NDArray[np.float32]:
    """Describe how a sentence is built.

    Returns
    -------
    (WIDTH,) ndarray of float32
        Syntactic distances at evenly spaced places, relative to the highest; their mean,
        their highest and the number of words; shares of seven closed classes of words; the
        question type, one-hot.

    Raises
    ------
    EmptyTextError
        If the text has no word.
    """
    kind = question_type(text)
    closed = text if re.search(r"[.?!]\W*$", text) else text + (".?"[kind != "statement"])
    words = predictor.predict(closed)
    heights = np.array([word.distance for word in words[1:]] or [0], np.float64)
    places = np.linspace(0, len(heights) - 1, _N_PLACES)
    profile = np.interp(places, np.arange(len(heights)), heights) / max(1.0, heights.max())
    size = [heights.mean() / 4, heights.max() / 8, np.log(len(words)) / 2]
    spoken = [word.text.lower() for word in words]
    shares = [sum(word in members for word in spoken) / len(spoken) for members in _CLASSES]
    asked = [float(kind == question) for question in QUESTIONS]
    return np.array([*profile, *size, *shares, *asked], np.float32)
