"""Language models that write stage directions: a local GGUF file, or a service."""

from __future__ import annotations

import atexit
import os
import threading
from pathlib import Path
from typing import Any

from pywakeword._checks import check_integer, check_optional, check_timeout, check_type
from pywakeword._extras import require
from pywakeword._replies import plain_client, post_json
from pywakeword.errors import ModelNotFoundError, ServiceError, ServiceRefusedError
from pywakeword.tts.directions.grammar import AROUND, BETWEEN, grammar, to_ssml
from pywakeword.tts.text.ssml import Ssml

_PROMPT = """Mark up each line for an actor.
Line: I am so sorry about your cat.
Marked: <sad>I am so <em>sorry</em> about your cat.</sad>
Line: The train leaves at nine.
Marked: The train leaves at <em>nine.</em>
Line: We won the cup! Let us celebrate.
Marked: <excited>We <em>won</em> the cup!</excited> <happy>Let us celebrate.</happy>
Line: Quiet, the baby is asleep.
Marked: <whisper>Quiet, <pause/> the baby is asleep.</whisper>
Line: Do not touch the oven, it is hot.
Marked: <serious>Do <em>not</em> touch the oven, it is hot.</serious>
Line: Breathe in, and breathe out.
Marked: <calm>Breathe in, <pause/> and breathe out.</calm>
Line: {text}
Marked: """
_MOST_TOKENS = 512
_LONGEST_REQUEST_S = 60.0


class LocalTagger:
    """A GGUF model in this process, held to the grammar of each text. Needs the extra `llm`.

    Parameters
    ----------
    model : path
        The `.gguf` file.
    threads : int
        Threads of the model.

    Raises
    ------
    ModelNotFoundError
        If there is no such file.
    MissingExtraError
        If xllamacpp is not installed.
    """

    def __init__(self, model: str | os.PathLike[str], *, threads: int = 1) -> None:
        check_type("model", model, str, os.PathLike)
        check_integer("threads", threads)
        if threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}")
        if not Path(model).is_file():
            raise ModelNotFoundError(os.fspath(model), ())
        llama = require("xllamacpp", "llm")
        parameters = llama.CommonParams()
        parameters.model.path = os.fspath(model)
        parameters.n_ctx = 2048
        parameters.n_parallel = 1
        parameters.warmup = False
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        self._server = llama.Server(parameters)
        self._lock = threading.Lock()
        # Python must not end below a director's late request: that would crash.
        atexit.register(self._lock.acquire, timeout=_LONGEST_REQUEST_S)

    def __call__(self, text: str) -> Ssml:
        """Return the text with stage directions."""
        request = {
            "prompt": _PROMPT.format(text=" ".join(text.split())),
            "grammar": grammar(text),
            "temperature": 0,
            "n_predict": _MOST_TOKENS,
            "cache_prompt": True,
        }
        with self._lock:
            answer = self._server.handle_completions(request)
        try:
            return to_ssml(str(answer["choices"][0]["text"]))
        except (KeyError, IndexError, TypeError) as error:
            raise ServiceRefusedError(f"the language model answered {answer!r}") from error


class EndpointTagger:
    """An OpenAI-compatible service, `POST {url}/chat/completions`. Needs the extra `http`.

    llama.cpp's server keeps to the grammar that is sent along; others get the instructions and
    are checked by the director.

    Parameters
    ----------
    url : str
        Base address, such as "http://127.0.0.1:8080/v1".
    model : str
        Name of the model.
    api_key : str, optional
        Sent as a bearer token.
    timeout_s : float
        Longest wait.
    transport : httpx.BaseTransport, optional
        Replaces the network.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        timeout_s: float = 10.0,
        transport: Any = None,
    ) -> None:
        check_type("url", url, str)
        check_type("model", model, str)
        check_optional("api_key", api_key, str)
        check_timeout("timeout_s", timeout_s)
        if not url.startswith(("http://", "https://")):
            raise ValueError(
                f"give the url of the service as http://... or https://..., not {url!r}"
            )
        self._httpx = require("httpx", "http")
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        self._client = plain_client(
            self._httpx.Client, headers, timeout=timeout_s, transport=transport
        )
        self._url = url.rstrip("/") + "/chat/completions"
        self._model = model

    def __call__(self, text: str) -> Ssml:
        """Return the text with stage directions."""
        tags = " ".join(
            [*(f"<{t}>...</{t}>" for t in (*AROUND, "em")), *(f"<{t}/>" for t in BETWEEN)]
        )
        body = {
            "model": self._model,
            "temperature": 0,
            "grammar": grammar(text),
            "messages": [
                {"role": "system", "content": f"Permitted tags: {tags}. Keep every word as it is."},
                {"role": "user", "content": _PROMPT.format(text=" ".join(text.split()))},
            ],
        }
        try:
            answer = post_json(self._client, self._url, body)
            return to_ssml(str(answer["choices"][0]["message"]["content"]).strip())
        except (self._httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
            raise ServiceError(f"{self._url}: {error}") from error
