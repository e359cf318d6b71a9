"""The bundled recogniser: a small streaming encoder with phones and an end token."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from pywakeword import _core
from pywakeword._checks import check_integer
from pywakeword.audio.pcm import Pcm, as_pcm
from pywakeword.endpointing.frame_batcher import FrameBatch, FrameBatcher
from pywakeword.endpointing.interfaces import Encoding
from pywakeword.errors import CardError
from pywakeword.models.files import ENDPOINT_ROOM
from pywakeword.models.onnx import load_onnx_model

TASK = "endpoint_encoder"
FRAME_SAMPLES = 640  # of one vector of the encoding: 40 ms
KEPT_FRAMES = 38  # 1.5 s
_KEPT_TOKENS = 64
_MOST_BATCH_FRAMES = 1000
_STACK = 4
_BLANK = 0

Frames = npt.NDArray[np.float32]


class EncoderStream:
    """Runs the encoder on batches of frames. A frame sees ahead to the end of its batch.

    Parameters
    ----------
    model : str or path
        A bundled name, or a `.onnx` file with its card.

    Attributes
    ----------
    tokens : tuple of str
        Names of the tokens; the first is CTC's blank, the last the end of the utterance.
    n_dims : int
        Values per frame of the encoding.
    """

    def __init__(self, model: str | os.PathLike[str] = "encoder") -> None:
        self._model = load_onnx_model(model, TASK, room=ENDPOINT_ROOM, extra="endpoint", lfbe=True)
        inputs = self._model.inputs
        if set(inputs) != {"features", "right_context", "cache"}:
            raise CardError(
                f"{self._model.path}: the inputs {sorted(inputs)} are not those of an encoder"
            )
        self.tokens = self._model.card.different_strings("tokens")
        self._cache_shape = self._model.fixed_shape("cache")
        self.n_dims = self._cache_shape[-1]
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._cache = np.zeros(self._cache_shape, np.float32)

    def push(self, batch: FrameBatch, *, keep: bool = True) -> tuple[Frames, Frames, Frames]:
        """Encode the next batch.

        Parameters
        ----------
        batch : FrameBatch
            Frames of 40 ms, (n_frames, 256): four frames of the front end each. Right context
            beyond the batch is masked in every layer, not replaced by silence.
        keep : bool
            False leaves the stream where it was.

        Returns
        -------
        encoding : (n_frames, n_dims) ndarray of float32
        token_scores : (n_frames, n_tokens) ndarray of float32
            Logits.
        eos : (n_frames,) ndarray of float32
            Posterior that the utterance is complete.
        """
        encoding, scores, eos, cache = self._model.run(
            {
                "features": np.ascontiguousarray(batch.frames, np.float32),
                "right_context": batch.right_context,
                "cache": self._cache,
            }
        )
        if keep:
            self._cache = cache
        return encoding, scores, eos


class StreamingEncoder:
    """An `EosSource` from PCM: front end, batches of frames, encoder, greedy CTC.

    Parameters
    ----------
    model : str or path
        As for `EncoderStream`.
    batch_frames : int
        Frames of 40 ms per batch. `encoding` also encodes the frames that wait for the next
        batch, with the right context that they have so far.
    """

    def __init__(self, model: str | os.PathLike[str] = "encoder", *, batch_frames: int = 8) -> None:
        check_integer("batch_frames", batch_frames)
        if not 1 <= batch_frames <= _MOST_BATCH_FRAMES:
            raise ValueError(
                f"batch_frames must be from 1 to {_MOST_BATCH_FRAMES}, got {batch_frames}"
            )
        self._stream = EncoderStream(model)
        self._lfbe = _core.Lfbe()
        self._batcher = FrameBatcher(
            batch_frames, frame_ms=40, max_wait_ms=40 * batch_frames, flush_pause_ms=1e9
        )
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._stream.reset()
        self._lfbe.reset()
        self._batcher.reset()
        self._loose = np.zeros((0, _core.LFBE_SETTINGS["n_mels"]), np.float32)
        self._waiting: list[Frames] = []
        self._n_frames = 0  # encoded in full batches
        self._kept = np.zeros((0, self._stream.n_dims), np.float32)
        self._tokens: list[int] = []
        self._last = _BLANK
        self._eos = 0.0

    def process(self, pcm: Pcm) -> None:
        """Consume audio; see `EosSource`."""
        self._loose = np.concatenate([self._loose, self._lfbe.process(as_pcm(pcm))])
        n = len(self._loose) // _STACK
        if n == 0:
            return
        frames = self._loose[: n * _STACK].reshape(n, -1)
        self._loose = self._loose[n * _STACK :]
        for frame in frames:
            self._waiting.append(frame)
            for batch in self._batcher.push(frame[None], np.array([True])):
                encoded, scores, eos = self._stream.push(batch)
                self._waiting.clear()
                self._n_frames += len(encoded)
                self._kept = np.concatenate([self._kept, encoded])[-KEPT_FRAMES:]
                self._last = _collapse(scores.argmax(axis=1), self._tokens, self._last)
                del self._tokens[:-_KEPT_TOKENS]
                self._eos = float(eos[-1])

    def encoding(self) -> Encoding:
        """Return the last 1.5 s, the last tokens and the current posterior; see `EosSource`."""
        frames, tokens, eos, n_frames = self._kept, self._tokens, self._eos, self._n_frames
        if self._waiting:
            batch = FrameBatch(np.stack(self._waiting), n_frames, "pause")
            encoded, scores, posteriors = self._stream.push(batch, keep=False)
            n_frames += len(encoded)
            frames = np.concatenate([frames, encoded])[-KEPT_FRAMES:]
            tokens = tokens.copy()
            _collapse(scores.argmax(axis=1), tokens, self._last)
            eos = float(posteriors[-1])
        names = tuple(self._stream.tokens[t] for t in tokens[-_KEPT_TOKENS:])
        return Encoding(frames.copy(), (n_frames - len(frames)) * FRAME_SAMPLES, names, eos)


def _collapse(best: npt.NDArray[np.intp], tokens: list[int], last: int) -> int:
    """Append the tokens of greedy CTC; return the last label, for the frames that follow."""
    for label in best.tolist():
        if label not in (_BLANK, last):
            tokens.append(label)
        last = label
    return last
