"""`CompletionsScorer`: log probabilities from an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pywakeword._extras import require
from pywakeword._replies import plain_client, post_json
from pywakeword.errors import ServiceRefusedError, ServiceTimeoutError, ServiceUnavailableError


class CompletionsScorer:
    """Asks `POST {url}/completions` with `echo` for the log probabilities of texts.

    vLLM and others answer this for any model; servers of chat models alone do not.

    Parameters
    ----------
    url : str
        Base address, such as "http://127.0.0.1:8000/v1".
    model : str
        Name of the model.
    api_key : str, optional
        Sent as a bearer token.
    prompt : str
        Text before each hypothesis.
    timeout_s : float
        Limit of one request.
    transport : object, optional
        For `httpx.Client`.

    Raises
    ------
    MissingExtraError
        If the extra `http` is not installed.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        prompt: str = "",
        timeout_s: float = 5.0,
        transport: Any = None,
    ) -> None:
        self._httpx: Any = require("httpx", "http")
        headers = {} if api_key is None else {"authorization": f"Bearer {api_key}"}
        self._client: Any = plain_client(
            self._httpx.Client, headers, base_url=url, timeout=timeout_s, transport=transport
        )
        self._model = model
        self._prompt = prompt

    def log_probabilities(
        self, texts: Sequence[str], cancelled: Callable[[], bool] = lambda: False
    ) -> list[float]:
        """Return the log probability of each text; see `LanguageScorer`.

        Raises
        ------
        ServiceError
            If the server is not there, refuses, or answers without log probabilities.
        """
        body = {
            "model": self._model,
            "prompt": [self._prompt + text for text in texts],
            "max_tokens": 0,
            "echo": True,
            "logprobs": 0,
        }
        try:
            answer = post_json(self._client, "completions", body)
        except self._httpx.TimeoutException as error:
            raise ServiceTimeoutError(f"the language model did not answer: {error}") from error
        except self._httpx.HTTPError as error:
            raise ServiceUnavailableError(f"the language model cannot be asked: {error}") from error
        try:
            choices = sorted(answer["choices"], key=lambda choice: choice["index"])
            found = [self._sum(choice["logprobs"]) for choice in choices]
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise ServiceRefusedError(
                f"the language model's answer has no log probabilities: {error!r}"
            ) from error
        if len(found) != len(texts):
            raise ServiceRefusedError(f"{len(found)} answers for {len(texts)} texts")
        return found

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _sum(self, logprobs: dict[str, Any]) -> float:
        """Add up what lies behind the prompt; the first token of all has no probability."""
        pairs = zip(logprobs["text_offset"], logprobs["token_logprobs"])
        return sum(
            float(value)
            for offset, value in pairs
            if value is not None and offset >= len(self._prompt)
        )
