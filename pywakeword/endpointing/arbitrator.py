"""The bundled arbitrator: a network on the encoding, the last phones and the prosody."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from pywakeword.endpointing.interfaces import Encoding
from pywakeword.endpointing.judge import NetworkJudge
from pywakeword.endpointing.prosody import prosody_features
from pywakeword.endpointing.recognisers.encoder import KEPT_FRAMES

TASK = "endpoint_arbitrator"
N_TOKENS = 8
INPUTS = ("frames", "mask", "tokens", "prosody", "eos")


class NetworkArbitrator(NetworkJudge):
    """An `Arbitrator` for the encodings of `StreamingEncoder`.

    Parameters
    ----------
    model : str or path
        A bundled name, or a `.onnx` file with its card.
    """

    def __init__(self, model: str | os.PathLike[str] = "arbitrator") -> None:
        super().__init__(model, TASK, INPUTS, lfbe=True)
        tokens = self._model.card.different_strings("tokens")
        self._token_index = {token: i for i, token in enumerate(tokens)}
        self._n_dims = self._model.fixed_shape("frames")[-1]

    def probability(
        self, encoding: Encoding, pcm_tail: npt.NDArray[np.int16], pause_s: float
    ) -> float:
        """Return the calibrated probability of the end; see `Arbitrator`.

        Raises
        ------
        ValueError
            If the encoding is from another encoder than this model was trained with.
        """
        if encoding.frames.ndim != 2 or encoding.frames.shape[1] != self._n_dims:
            raise ValueError(
                f"the arbitrator takes encodings of {self._n_dims} values per frame, "
                f"got shape {encoding.frames.shape}"
            )
        unknown = set(encoding.tokens) - set(self._token_index)
        if unknown:
            raise ValueError(f"tokens unknown to the arbitrator: {sorted(unknown)}")
        frames, mask = pad_frames(encoding.frames)
        tokens = pad_tokens([self._token_index[t] for t in encoding.tokens])
        (found,) = self._model.run(
            {
                "frames": frames[None],
                "mask": mask[None],
                "tokens": tokens[None],
                "prosody": prosody_features(pcm_tail, pause_s)[None],
                "eos": np.array([encoding.eos], np.float32),
            }
        )
        return float(found[0])


def pad_frames(
    frames: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Right-align the last frames in `KEPT_FRAMES` rows, with a mask of the filled rows."""
    kept = frames[-KEPT_FRAMES:]
    padded = np.zeros((KEPT_FRAMES, frames.shape[1]), np.float32)
    mask = np.zeros(KEPT_FRAMES, np.float32)
    if len(kept):
        padded[-len(kept) :] = kept
        mask[-len(kept) :] = 1
    return padded, mask


def pad_tokens(tokens: list[int]) -> npt.NDArray[np.int64]:
    """Return the last `N_TOKENS`, padded in front with 0 (the blank)."""
    last = tokens[-N_TOKENS:]
    return np.array([0] * (N_TOKENS - len(last)) + last, np.int64)
