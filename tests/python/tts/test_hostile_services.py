"""HTTP services that attack their clients: speech, a language model, stage directions."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("httpx", reason="needs the extra 'http'")

from helpers.hostile_http import answering

from pywakeword import _replies
from pywakeword.endpointing.reranking.completions import CompletionsScorer
from pywakeword.errors import ServiceError, ServiceRefusedError
from pywakeword.tts import TtsClient
from pywakeword.tts.backends import http
from pywakeword.tts.backends.openai import OpenAIBackend
from pywakeword.tts.backends.piper import PiperBackend
from pywakeword.tts.directions.taggers import EndpointTagger
from pywakeword.tts.speech import Voice


def speak(url: str) -> Any:
    return _spoken(OpenAIBackend(url, timeout_s=5))


def speak_with_a_voice(url: str) -> Any:
    return _spoken(PiperBackend(url, timeout_s=5), Voice("amy"))


def _spoken(backend: Any, voice: Voice | None = None) -> list[Any]:
    async def run() -> list[Any]:
        async with TtsClient(backend) as client:
            return [chunk async for chunk in client.synthesize("hello", voice=voice)]

    return asyncio.run(run())


def direct(url: str) -> Any:
    return EndpointTagger(url, "m", timeout_s=5)("Hello.")


def rerank(url: str) -> Any:
    return CompletionsScorer(url, "m", timeout_s=5).log_probabilities(["a"])


CLIENTS = pytest.mark.parametrize("call", [speak, speak_with_a_voice, direct, rerank])
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


@CLIENTS
def test_compressed_answers_are_refused_unread(call: Callable[[str], Any]) -> None:
    bomb = gzip.compress(gzip.compress(bytes(200 << 20)))
    head = OK + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with answering(head + bomb) as (url, asked):
        tracemalloc.start()
        try:
            with pytest.raises(ServiceRefusedError, match="encoded as gzip, gzip"):
                call(url)
            assert tracemalloc.get_traced_memory()[1] < 16 << 20
        finally:
            tracemalloc.stop()
    assert b"accept-encoding: identity" in asked[0].lower()


@CLIENTS
@pytest.mark.parametrize("status", [b"200 OK", b"500 Oh"])
def test_answers_without_end_are_refused(
    call: Callable[[str], Any], status: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_MAX_AUDIO_BYTES", 1 << 20)
    head = b"HTTP/1.1 %s\r\nConnection: close\r\n\r\n" % status
    with (
        answering(head, b" " * 65536) as (url, _),
        pytest.raises(ServiceRefusedError, match="more than 1048576 bytes"),
    ):
        call(url)


@pytest.mark.parametrize("call", [speak_with_a_voice, direct, rerank])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"choices": 1, "choices": 2}',
        b"\xff",
        b"",
        b'{"choices": [{"index": 1' + b"0" * 5000 + b"}]}",
    ],
)
def test_json_that_is_refused(call: Callable[[str], Any], body: bytes) -> None:
    head = OK + b"Content-Length: %d\r\n\r\n" % len(body)
    with answering(head + body) as (url, _), pytest.raises(ServiceError, match="no JSON"):
        call(url)


@CLIENTS
def test_what_a_service_says_is_one_line(call: Callable[[str], Any]) -> None:
    body = json.dumps({"error": {"message": "x\x1b[2J\nERROR all well"}}).encode()
    head = b"HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n"
    with answering(head + body) as (url, _), pytest.raises(ServiceError) as caught:
        call(url)
    assert str(caught.value).isprintable()


def test_no_cookies_and_no_redirects() -> None:
    httpx = pytest.importorskip("httpx")
    asked = []

    def answer(request: Any) -> Any:
        asked.append(request)
        return httpx.Response(
            307, headers={"set-cookie": "a=b", "location": "http://evil.example/"}, text="no"
        )

    client = _replies.plain_client(httpx.Client, transport=httpx.MockTransport(answer))
    for _ in range(2):
        with pytest.raises(ServiceRefusedError, match="status 307"):
            _replies.post_json(client, "http://service/", {})
    assert [request.url.host for request in asked] == ["service", "service"]
    assert "cookie" not in asked[1].headers
