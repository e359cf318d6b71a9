"""The batch function behind every server: snippets in, verdicts out."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pywakeword import _core
from pywakeword._extras import require
from pywakeword._fields import Fields
from pywakeword.errors import CardError, ModelError, ModelNotFoundError
from pywakeword.models.bundled import bundled_dir
from pywakeword.models.files import check_frontend
from pywakeword.verifier.contract import Verdict
from pywakeword.verifier.snippet import N_BINS, WINDOW_FRAMES, Snippet, window

_HOP: int = _core.LFBE_SETTINGS["hop_samples"]
_OUTPUTS = ("score", "start", "end")


class Scorer(Protocol):
    """What a server needs of a model."""

    @property
    def keywords(self) -> tuple[str, ...]:
        """The words that can be verified."""
        ...

    def score(self, snippets: Sequence[Snippet]) -> list[Verdict]:
        """Return one verdict a snippet, in order."""
        ...


@dataclass(frozen=True)
class _Word:
    session: Any
    model: str
    threshold_accept: float
    threshold_reject: float


class OnnxScorer:
    """Verifier networks in onnxruntime (extra `server`).

    May be called from several threads; calls wait for each other.

    Parameters
    ----------
    models : str or path
        Directory with one `<word>.onnx` and `<word>.json` a word; by default the
        bundled ones.
    threads : int
        Threads that one call computes with.

    Raises
    ------
    ModelNotFoundError
        If the directory holds no model.
    ModelError
        If a model or its card is refused.
    MissingExtraError
        If onnxruntime is not installed.
    """

    def __init__(self, models: str | Path | None = None, *, threads: int = 1) -> None:
        runtime = require("onnxruntime", "server")
        folder = bundled_dir("verifier") if models is None else Path(models)
        paths = sorted(folder.glob("*.onnx"))
        if not paths:
            raise ModelNotFoundError(f"{folder}/*.onnx", ())
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._words = dict(_load(path, runtime, options) for path in paths)
        self._lfbe = _core.Lfbe()
        self._lock = threading.Lock()

    @property
    def keywords(self) -> tuple[str, ...]:
        """The words that can be verified."""
        return tuple(self._words)

    def score(self, snippets: Sequence[Snippet]) -> list[Verdict]:
        """Score snippets, those of one word in one call of its network.

        Parameters
        ----------
        snippets : sequence of Snippet
            Any number, of any words of `keywords`.

        Returns
        -------
        list of Verdict
            In the order of the snippets.
        """
        verdicts: dict[int, Verdict] = {}
        with self._lock:
            for keyword in dict.fromkeys(snippet.keyword for snippet in snippets):
                chosen = [i for i, snippet in enumerate(snippets) if snippet.keyword == keyword]
                found = self._score_word(self._words[keyword], [snippets[i] for i in chosen])
                verdicts.update(zip(chosen, found))
        return [verdicts[i] for i in range(len(snippets))]

    def _score_word(self, word: _Word, snippets: list[Snippet]) -> list[Verdict]:
        features, n_frames = zip(*(window(snippet, self._lfbe) for snippet in snippets))
        inputs = {"features": np.stack(features), "n_frames": np.array(n_frames, np.int64)}
        scores, starts, ends = word.session.run(_OUTPUTS, inputs)
        return [
            _verdict(word, snippet, float(score), start, end)
            for snippet, score, start, end in zip(snippets, scores, starts, ends)
        ]


def _verdict(
    word: _Word, snippet: Snippet, score: float, start: np.floating[Any], end: np.floating[Any]
) -> Verdict:
    if not 0 <= score <= 1:
        raise ModelError(f"{word.model}: the network's score is {score}, not 0 to 1")
    if score >= word.threshold_accept:
        decision = "accept"
    else:
        decision = "abstain" if score >= word.threshold_reject else "reject"
    return Verdict(
        decision=decision,
        score=score,
        threshold=word.threshold_accept,
        model=word.model,
        start_sample=_sample(snippet, start),
        end_sample=_sample(snippet, end),
    )


def _sample(snippet: Snippet, frame: np.floating[Any]) -> int:
    """Return the sample of a position in frames, kept inside the snippet."""
    inside = np.clip(np.nan_to_num(frame), 0, WINDOW_FRAMES)
    return max(0, min(len(snippet.pcm), round(snippet.window_sample + float(inside) * _HOP)))


def _load(path: Path, runtime: Any, options: Any) -> tuple[str, _Word]:
    card_path = path.with_suffix(".json")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    try:
        fields = Fields(_read_json(card_path), "", CardError, "the card")
        keyword = fields.string("keyword")
        check_frontend(fields.section("frontend").values)
        word = _Word(
            session=_open(data, runtime, options),
            model=f"{fields.string('model')}:{digest[:12]}",
            threshold_accept=fields.number("threshold_accept", 1.0),
            threshold_reject=fields.number("threshold_reject", 1.0),
        )
        expected = fields.section("file").string("sha256")
        if digest != expected:
            raise CardError(f"the file's sha256 is {digest}, its card says {expected}")
        if word.threshold_reject > word.threshold_accept:
            raise CardError("threshold_reject lies above threshold_accept")
    except ModelError as error:
        raise type(error)(f"{path}: {error}") from None
    return keyword, word


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CardError(f"{path}: not a readable model card: {error}") from None


def _open(data: bytes, runtime: Any, options: Any) -> Any:
    try:
        session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no common public base
        raise ModelError(f"onnxruntime refuses the model: {error}") from error
    shapes = {node.name: node.shape for node in session.get_inputs()}
    if shapes.get("features", [])[1:] != [WINDOW_FRAMES, N_BINS] or "n_frames" not in shapes:
        raise ModelError(f"inputs are {shapes}; features (batch, 195, 64) and n_frames are needed")
    outputs = {node.name for node in session.get_outputs()}
    if not outputs >= set(_OUTPUTS):
        raise ModelError(f"outputs are {sorted(outputs)}; score, start and end are needed")
    return session
