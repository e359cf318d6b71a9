"""The server of one machine: the contract, and what is its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("httpx", reason="the verifier extra is not installed")
pytest.importorskip("fastapi", reason="the server extra is not installed")

import httpx
from helpers.tiny_verifier import write_verifier
from helpers.verifier_contract import *  # noqa: F403
from helpers.verifier_contract import fresh
from helpers.verifier_server import audio, error_of, metadata, post, serving

from pywakeword.errors import CardError, ModelError, ModelNotFoundError, VerifierUnavailableError
from pywakeword.models.digest import file_entry
from pywakeword.verifier import OnnxScorer, Snippet, Verdict
from pywakeword.verifier.server.batching import Batcher
from pywakeword.verifier.server.logs import JsonFormatter
from pywakeword.verifier.server.retention import AudioRetention

VERDICT = Verdict("accept", 0.9, 0.5, "slow:0", 0, 1)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("verifier")) as address:
        yield address


class SlowScorer:
    keywords = ("beep",)

    def __init__(self, seconds: float = 0.05) -> None:
        self.seconds = seconds
        self.batches: list[int] = []

    def score(self, snippets: list[Snippet]) -> list[Verdict]:
        self.batches.append(len(snippets))
        time.sleep(self.seconds)
        return [VERDICT] * len(snippets)


def test_headers_that_do_not_come(url: str) -> None:
    """A connection that says nothing, or half a header, is closed; others are served meanwhile."""
    parts = urlsplit(url)
    address = (parts.hostname, parts.port)
    with socket.create_connection(address, 10) as silent, socket.create_connection(address) as slow:
        slow.sendall(b"POST /v1/verify HTTP/1.1\r\nx")
        assert post(url, fresh()).status_code == 200
        for connection in (silent, slow):
            connection.settimeout(5)
            assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
            assert connection.recv(100) == b""


def test_a_second_request_on_a_connection_has_a_deadline_too(url: str) -> None:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname, parts.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz")
        reply = connection.getresponse()
        assert (reply.status, json.loads(reply.read())["status"]) == (200, "ok")  # all of it
        connection.sock.sendall(b"GET /hea")
        assert connection.sock.recv(100) == b""


def test_what_arrives_together_is_one_batch(tmp_path: Path) -> None:
    scorer = SlowScorer()
    with serving(tmp_path, scorer=scorer) as address, ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: post(address, fresh()), range(16)))
    assert {reply.status_code for reply in replies} == {200}
    assert sum(scorer.batches) == 16
    assert len(scorer.batches) <= 8


def test_too_many_are_turned_away_not_held(tmp_path: Path) -> None:
    max_waiting = 2
    options = {"scorer": SlowScorer(0.3), "max_batch": 1, "max_waiting": max_waiting}
    with serving(tmp_path, **options) as address, ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: post(address, fresh()), range(12)))
    counts = [reply.status_code for reply in replies]
    assert counts.count(503) >= 6
    # One is scored and two wait, unless all arrive before the first is taken from the queue.
    assert counts.count(200) >= max_waiting
    turned_away = next(reply for reply in replies if reply.status_code == 503)
    assert turned_away.headers["retry-after"] == "1"
    assert error_of(turned_away) == (503, "busy")


def test_a_failing_scorer_is_an_error_and_no_verdict(tmp_path: Path) -> None:
    class Broken(SlowScorer):
        def score(self, snippets: list[Snippet]) -> list[Verdict]:
            raise ModelError("the disk is on fire")

    with serving(tmp_path, scorer=Broken()) as address:
        reply = post(address, fresh())
        assert error_of(reply) == (500, "internal")
        assert "fire" not in reply.text


def test_tokens(tmp_path: Path) -> None:
    with serving(tmp_path, tokens=("s3cret", "other")) as address:
        assert error_of(post(address, fresh())) == (401, "unauthorized")
        wrong = {"authorization": "Bearer s3cre"}
        assert error_of(post(address, fresh(), headers=wrong)) == (401, "unauthorized")
        right = {"authorization": "Bearer s3cret"}
        assert post(address, fresh(), headers=right).status_code == 200
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200


def test_audio_is_kept_only_when_asked_for(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with serving(tmp_path / "a", retention=AudioRetention(kept)) as address:
        assert post(address, metadata(request_id="abc")).status_code == 200
    assert sorted(path.name for path in kept.iterdir()) == ["abc.json", "abc.wav"]
    assert (kept / "abc.wav").read_bytes()[44:] == audio()
    before = set(tmp_path.rglob("*"))
    with serving(tmp_path / "a") as address:
        post(address, fresh())
    assert set(tmp_path.rglob("*")) == before


def test_logs_are_json_and_hold_no_audio(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "pywakeword.verifier.server"):
        post(url, metadata(request_id="logged"))
    lines = [JsonFormatter().format(record) for record in caplog.records]
    (line,) = [json.loads(line) for line in lines if "logged" in line]
    assert line["event"] == "verify"
    assert line["decision"] == "accept"
    assert line["audio_bytes"] == len(audio())
    assert set(line) == {
        "time",
        "level",
        "event",
        "status",
        "code",
        "ms",
        "decision",
        "score",
        "request_id",
        "keyword",
        "device_score",
        "device_state",
        "encoding",
        "audio_bytes",
    }


def test_a_client_that_leaves_takes_its_place_in_the_queue_along() -> None:
    async def scenario() -> None:
        scorer = SlowScorer()
        batcher = Batcher(scorer.score, max_batch=1)
        snippet = Snippet("beep", None, 0)
        first, second = (asyncio.create_task(batcher.run(snippet)) for _ in range(2))
        await asyncio.sleep(0.02)
        second.cancel()
        assert await first is not None
        await batcher.aclose()
        assert scorer.batches == [1]

    asyncio.run(scenario())


def test_batcher_limit() -> None:
    async def scenario() -> None:
        batcher = Batcher(SlowScorer().score, max_batch=1, max_waiting=1)
        first = asyncio.create_task(batcher.run(Snippet("beep", None, 0)))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(batcher.run(Snippet("beep", None, 0)))
        await asyncio.sleep(0)
        with pytest.raises(VerifierUnavailableError, match="already waiting"):
            await batcher.run(Snippet("beep", None, 0))
        assert batcher.stuck_s() > 0
        await asyncio.gather(first, second)
        assert batcher.stuck_s() == 0
        await batcher.aclose()

    asyncio.run(scenario())


def test_models_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        OnnxScorer(tmp_path)
    path = write_verifier(tmp_path)
    card_path = path.with_suffix(".json")
    card = json.loads(card_path.read_text())

    def refused(error: type, match: str, **changes: object) -> None:
        card_path.write_text(json.dumps({**card, **changes}))
        with pytest.raises(error, match=match):
            OnnxScorer(tmp_path)

    refused(
        CardError,
        "front-end field 'hop_samples'",
        frontend={**card["frontend"], "hop_samples": 128},
    )
    refused(CardError, "threshold_accept", threshold_accept=2)
    refused(CardError, "threshold_reject is above", threshold_reject=0.9)
    refused(CardError, "its card says 00", model={**card["model"], "sha256": "00"})
    path.write_bytes(b"no network")
    refused(ModelError, "ONNX Runtime refuses", model=file_entry(path.name, b"no network"))
    card_path.unlink()
    with pytest.raises(CardError, match="card is missing"):
        OnnxScorer(tmp_path)
