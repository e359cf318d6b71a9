"""`LlamaScorer`: log probabilities from a local GGUF model, by llama.cpp."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pywakeword._extras import require
from pywakeword.errors import ModelError, ModelNotFoundError

_N_LIKELY = 100
_UNLIKELY, _BELOW = -15.0, -2.0


class LlamaScorer:
    """A local language model (extra `llm`, package xllamacpp).

    llama.cpp's server does not score given texts, so the model is asked for the likely next
    tokens after each piece of the text. One question takes one step of the model.

    Parameters
    ----------
    path : path
        A GGUF file.
    prompt : str
        Text before each hypothesis.
    n_threads : int
        Threads of the model.

    Raises
    ------
    MissingExtraError
        If xllamacpp is not installed.
    ModelNotFoundError
        If the file does not exist.
    ModelError
        If the model cannot be loaded.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, prompt: str = "User:", n_threads: int = 1
    ) -> None:
        runtime: Any = require("xllamacpp", "llm")
        if not Path(path).is_file():
            raise ModelNotFoundError(os.fspath(path), ())
        params = runtime.CommonParams()
        params.model.path = os.fspath(path)
        params.cpuparams.n_threads = n_threads
        params.n_ctx = 1024
        params.n_parallel = 1
        params.verbosity = -1
        try:
            self._server: Any = runtime.Server(params)
        except Exception as error:
            raise ModelError(f"{path}: {error}") from error
        self._prompt = prompt

    def log_probabilities(
        self, texts: Sequence[str], cancelled: Callable[[], bool] = lambda: False
    ) -> list[float]:
        """Return the log probability of each text; see `LanguageScorer`."""
        asked: dict[str, dict[str, float]] = {}  # hypotheses begin alike

        def likely_after(before: str) -> dict[str, float]:
            if before not in asked:
                asked[before] = self._next(before)
            return asked[before]

        return [self._log_probability(text, likely_after, cancelled) for text in texts]

    def _log_probability(
        self,
        text: str,
        likely_after: Callable[[str], dict[str, float]],
        cancelled: Callable[[], bool],
    ) -> float:
        """Add up the model's log probabilities, piece by piece.

        The longest of the likely tokens that fits is taken: the one that the model's own
        tokenizer would choose.
        """
        before, rest, total = self._prompt, " " + " ".join(text.split()), 0.0
        while rest.strip() and not cancelled():
            likely = likely_after(before)
            fitting = [piece for piece in likely if piece.strip() and rest.startswith(piece)]
            if fitting:
                piece = max(fitting, key=len)
                total += likely[piece]
            else:  # an unlikely word: less likely than all of these
                piece = rest[: len(rest) - len(rest.lstrip()) + len(rest.split()[0])]
                total += min(likely.values(), default=_UNLIKELY) + _BELOW
            before, rest = before + piece, rest[len(piece) :]
        return total

    def _next(self, before: str) -> dict[str, float]:
        """Return the likely next tokens, with their log probabilities."""
        answer = self._server.handle_completions(
            {
                "prompt": before,
                "n_predict": 1,
                "n_probs": _N_LIKELY,
                "temperature": 0.0,
                "cache_prompt": True,
            }
        )
        try:
            (choice,) = answer["choices"]
            (token,) = choice["logprobs"]["content"]
            return {top["token"]: float(top["logprob"]) for top in token["top_logprobs"]}
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"the language model's answer is not usable: {error!r}") from error
