"""The batch function behind every server: snippets in, verdicts out."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pywakeword import _core
from pywakeword._checks import check_integer, check_optional
from pywakeword._fields import Fields
from pywakeword.device_state import STATE_SIZES
from pywakeword.errors import CardError, ModelError, ModelNotFoundError
from pywakeword.models.bundled import bundled_dir
from pywakeword.models.onnx import OnnxModel, load_onnx_model
from pywakeword.verifier.contract import Verdict
from pywakeword.verifier.snippet import N_BINS, WINDOW_FRAMES, Snippet, state_vector, window

_HOP: int = _core.LFBE_SETTINGS["hop_samples"]
VERIFIER_TASK = "verifier"
VERIFIER_ROOM = "verifier"
_MOST_THREADS = 1024
_OUTPUTS = ("score", "start", "end")
_LEAST = 1e-6  # of a score and of its distance to 1
_STATE = "state"  # an input that a network may have


class Scorer(Protocol):
    """A model that a server can serve."""

    @property
    def keywords(self) -> tuple[str, ...]:
        """The words that can be verified."""
        ...

    def score(self, snippets: Sequence[Snippet]) -> list[Verdict]:
        """Return one verdict per snippet, in order."""
        ...


@dataclass(frozen=True)
class Fusion:
    """Joins the scores of network and device: weights of their log odds; default: the network's.

    Attributes
    ----------
    network, device : float
        Weights of the network's and of the device's score.
    constant : float
        Added to the sum.
    """

    network: float = 1.0
    device: float = 0.0
    constant: float = 0.0

    def __call__(
        self, network: npt.NDArray[np.floating], device: npt.NDArray[np.floating]
    ) -> npt.NDArray[np.float64]:
        """Return scores from 0 to 1."""
        joined = self.network * odds(network) + self.device * odds(device) + self.constant
        return np.asarray(1 / (1 + np.exp(-np.clip(joined, -60, 60))))


def odds(score: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the log odds of scores."""
    inside = np.clip(np.asarray(score, np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(inside / (1 - inside)))


@dataclass(frozen=True)
class _Word:
    model: OnnxModel
    name: str
    threshold_accept: float
    threshold_reject: float
    fusion: Fusion
    has_state: bool


class OnnxScorer:
    """Runs verifier networks in ONNX Runtime (extra `server`).

    Thread-safe: calls run one after the other.

    Parameters
    ----------
    models : str or path
        Directory with `<word>.onnx` and `<word>.json` per word; by default the bundled ones.
    threads : int
        Threads per call.

    Raises
    ------
    ModelNotFoundError
        If the directory holds no model.
    ModelError
        If a model or its card is refused.
    MissingExtraError
        If ONNX Runtime is not installed.
    """

    def __init__(self, models: str | Path | None = None, *, threads: int = 1) -> None:
        check_optional("models", models, str, Path)
        check_integer("threads", threads)
        if not 1 <= threads <= _MOST_THREADS:
            raise ValueError(f"threads must be from 1 to {_MOST_THREADS}, got {threads}")
        folder = bundled_dir(VERIFIER_ROOM) if models is None else Path(models)
        paths = sorted(folder.glob("*.onnx"))
        if not paths:
            raise ModelNotFoundError(f"{folder}/*.onnx", ())
        self._words = dict(_load(path, threads) for path in paths)
        self._lfbe = _core.Lfbe()
        self._lock = threading.Lock()

    @property
    def keywords(self) -> tuple[str, ...]:
        """The words that can be verified."""
        return tuple(self._words)

    def score(self, snippets: Sequence[Snippet]) -> list[Verdict]:
        """Score snippets; all snippets of a word go through its network in one run.

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
        if word.has_state:
            inputs["state"] = np.stack([state_vector(s.device_state) for s in snippets])
        found, starts, ends = word.model.run(inputs, _OUTPUTS)
        if not all(0 <= score <= 1 for score in found):
            raise ModelError(f"{word.name}: the network's scores are {found}, not 0 to 1")
        scores = word.fusion(found, np.array([s.score for s in snippets]))
        return [
            _verdict(word, snippet, float(score), start, end)
            for snippet, score, start, end in zip(snippets, scores, starts, ends)
        ]


def _verdict(
    word: _Word, snippet: Snippet, score: float, start: np.floating[Any], end: np.floating[Any]
) -> Verdict:
    if score >= word.threshold_accept:
        decision = "accept"
    else:
        decision = "abstain" if score >= word.threshold_reject else "reject"
    return Verdict(
        decision=decision,
        score=score,
        threshold=word.threshold_accept,
        model=word.name,
        start_sample=_sample(snippet, start),
        end_sample=_sample(snippet, end),
    )


def _sample(snippet: Snippet, frame: np.floating[Any]) -> int:
    """Return the sample of a position in frames, kept inside the snippet."""
    inside = np.clip(np.nan_to_num(frame), 0, WINDOW_FRAMES)
    return max(0, min(len(snippet.pcm), round(snippet.window_sample + float(inside) * _HOP)))


def _load(path: Path, threads: int) -> tuple[str, _Word]:
    model = load_onnx_model(
        path, VERIFIER_TASK, room=VERIFIER_ROOM, extra="server", threads=threads, lfbe=True
    )
    try:
        keyword = model.card.string("keyword")
        word = _Word(
            model=model,
            name=f"{model.card.section('network').string('name')}:{model.file.sha256[:12]}",
            threshold_accept=model.card.number("threshold_accept", low=0, high=1),
            threshold_reject=model.card.number("threshold_reject", low=0, high=1),
            fusion=_fusion(model.card),
            has_state=_STATE in model.inputs,
        )
        if word.threshold_reject > word.threshold_accept:
            raise CardError("threshold_reject is above threshold_accept")
        _check_tensors(model)
    except ModelError as error:
        raise type(error)(f"{path}: {error}") from None
    return keyword, word


def _fusion(card: Fields) -> Fusion:
    if "fusion" not in card.values:  # a card of an earlier release: the network alone
        return Fusion()
    section = card.section("fusion")
    return Fusion(*(section.number(name) for name in ("network", "device", "constant")))


def _check_tensors(model: OnnxModel) -> None:
    inputs, outputs = model.inputs, model.outputs
    if inputs.get("features", ())[1:] != (WINDOW_FRAMES, N_BINS) or "n_frames" not in inputs:
        raise ModelError(
            f"the inputs are {inputs}; needed are features (batch, {WINDOW_FRAMES}, {N_BINS}) "
            "and n_frames"
        )
    unknown = set(inputs) - {"features", "n_frames", _STATE}
    if unknown or inputs.get(_STATE, (0, sum(STATE_SIZES)))[1:] != (sum(STATE_SIZES),):
        raise ModelError(
            f"the inputs are {inputs}; beside features and n_frames only state "
            f"(batch, {sum(STATE_SIZES)}) can be given"
        )
    if not set(outputs) >= set(_OUTPUTS):
        raise ModelError(f"the outputs are {sorted(outputs)}; needed are {', '.join(_OUTPUTS)}")
