"""The arbitrator for Whisper: a network on its states, its words and the prosody."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pywakeword.endpointing.interfaces import Encoding
from pywakeword.endpointing.judge import NetworkJudge
from pywakeword.endpointing.prosody import prosody_features

TASK = "endpoint_transcript_arbitrator"
_INPUTS = ("states", "mask", "words", "endings", "text", "prosody")
KEPT_STATES = 50  # 2 s: the mean of each two states of 20 ms
N_BUCKETS = 8192
_FIRST_WORDS, _LAST_WORDS = 2, 6
N_WORDS = _FIRST_WORDS + _LAST_WORDS
_ENDINGS = (".", "?", "!", ",", ("...", "\u2026", "-"))
N_TEXT = 2 + len(_ENDINGS)


class TranscriptArbitrator(NetworkJudge):
    """An `Arbitrator` for the encodings of `WhisperSource`.

    Parameters
    ----------
    model : str or path
        A bundled name, or a `.onnx` file with its card, as `python -m tools.endpointing
        train-transcripts` writes it. The bundled one is for Whisper tiny.
    """

    def __init__(self, model: str | os.PathLike[str] = "transcript_arbitrator") -> None:
        super().__init__(model, TASK, _INPUTS, lfbe=False)
        self._n_dims = self._model.fixed_shape("states")[-1]

    def probability(
        self, encoding: Encoding, pcm_tail: npt.NDArray[np.int16], pause_s: float
    ) -> float:
        """Return the calibrated probability of the end; see `Arbitrator`.

        Raises
        ------
        ValueError
            If the encoding is from another recogniser than this model was trained with.
        """
        frames = encoding.frames
        if frames.size and (frames.ndim != 2 or frames.shape[1] != self._n_dims):
            raise ValueError(
                f"the arbitrator takes encodings of {self._n_dims} values per frame, "
                f"got shape {frames.shape}"
            )
        states, mask = pad_states(frames.reshape(-1, self._n_dims))
        words, endings, text = describe_text(encoding.tokens)
        (found,) = self._model.run(
            {
                "states": states[None],
                "mask": mask[None],
                "words": words[None],
                "endings": endings[None],
                "text": text[None],
                "prosody": prosody_features(pcm_tail, pause_s)[None],
            }
        )
        return float(found[0])


def pad_states(
    states: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Right-align means of two states in `KEPT_STATES` rows, with a mask of the filled rows."""
    kept = states[len(states) % 2 :][-2 * KEPT_STATES :]
    means = kept.reshape(-1, 2, states.shape[1]).mean(axis=1)
    padded = np.zeros((KEPT_STATES, states.shape[1]), np.float32)
    mask = np.zeros(KEPT_STATES, np.float32)
    if len(means):
        padded[-len(means) :] = means
        mask[-len(means) :] = 1
    return padded, mask


def describe_text(
    tokens: Sequence[str],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Describe a transcript for the network.

    Parameters
    ----------
    tokens : sequence of str
        Words with their punctuation.

    Returns
    -------
    words : (8,) ndarray of int64
        A hash of each of the first two and the last six words; 0 where there is none.
    endings : (8,) ndarray of int64
        A hash of the last three letters of each.
    text : (7,) ndarray of float32
        Number of words, whether there is none, and which punctuation the text ends with.
    """
    spelled = [word for token in tokens if (word := re.sub(r"[^\w']", "", token.lower()))]
    first, last = spelled[:_FIRST_WORDS], spelled[-_LAST_WORDS:]
    chosen = [
        *first,
        *[""] * (_FIRST_WORDS - len(first)),
        *[""] * (_LAST_WORDS - len(last)),
        *last,
    ]
    text = np.zeros(N_TEXT, np.float32)
    text[0], text[1] = min(len(spelled), 20) / 10, not spelled
    end = tokens[-1] if tokens else ""
    for i in reversed(range(len(_ENDINGS))):
        if end.endswith(_ENDINGS[i]):
            text[2 + i] = 1
            break
    return (
        np.array([_bucket(word) for word in chosen], np.int64),
        np.array([_bucket(word[-3:]) for word in chosen], np.int64),
        text,
    )


def _bucket(text: str) -> int:
    return 1 + zlib.crc32(text.encode()) % (N_BUCKETS - 1) if text else 0
