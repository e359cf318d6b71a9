"""The client: policy, retries, breaker, limits, secrets; faults are real sockets."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx", reason="the verifier extra is not installed")

import httpx
from helpers.tiny_model import utterance
from helpers.tiny_verifier import candidate

from pywakeword import WakeWord
from pywakeword.errors import (
    MissingExtraError,
    VerifierRefusedError,
    VerifierUnavailableError,
)
from pywakeword.verifier import AsyncVerifier, CircuitBreaker, Verifier, VerifierPolicy
from pywakeword.verifier.contract import parse_metadata
from tools.verifier import fake_servers as fakes

THRESHOLDS = {"beep": 0.5}


def reply_to(request: httpx.Request, **changes: object) -> httpx.Response:
    return httpx.Response(
        200,
        json={
            "request_id": request.headers["idempotency-key"],
            "keyword": "beep",
            "decision": "accept",
            "score": 0.9,
            "threshold": 0.6,
            "model": "m",
            "start_sample": 8000,
            "end_sample": 12800,
            "timings_ms": {},
            **changes,
        },
    )


class Script(httpx.AsyncBaseTransport):
    """Answers with the next of a list: a response, an exception, or a function of the request."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else reply_to
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer


def verifier(script: Script | None = None, **options: object) -> Verifier:
    return Verifier("http://127.0.0.1:9", thresholds=THRESHOLDS, transport=script, **options)


def test_what_is_sent(tmp_path: Path) -> None:
    script = Script()
    log = tmp_path / "sent.jsonl"
    found = candidate()
    with verifier(script, token=lambda: "s3cret", sent_log=log) as client:
        decision = client.verify(found)
    (request,) = script.requests
    assert request.url.path == "/v1/verify"
    assert request.headers["authorization"] == "Bearer s3cret"
    body = request.content
    assert found.snippet.astype("<i2").tobytes() in body
    meta = json.loads(body[body.index(b"{") : body.index(b"}}") + 2])
    assert meta["start_sample"] == meta["pre_roll_samples"] == 8000
    assert meta["end_sample"] == 12800
    assert meta["device_state"] == {"device_type": "unknown", "playback": "music", "volume": 0.5}
    assert (meta["score"], meta["threshold"]) == (0.7, 0.5)
    assert decision.request_id == meta["request_id"] == request.headers["idempotency-key"]
    sent, outcome = [json.loads(line) for line in log.read_text().splitlines()]
    assert (sent["event"], sent["audio_bytes"], sent["host"]) == ("sent", 32000, "127.0.0.1:9")
    assert sent["why"] == "score in [0, inf)"
    assert (outcome["event"], outcome["outcome"]) == ("outcome", "accept")
    assert "s3cret" not in log.read_text()


def test_only_the_verifiers_window_is_sent() -> None:
    import numpy as np

    script = Script()
    long = candidate()
    object.__setattr__(long, "snippet", np.resize(long.snippet, 90_000))
    with verifier(script) as client:
        client.verify(long)
    assert len(script.requests[0].content) < 2 * (8000 + 23440) + 2000


@pytest.mark.parametrize(("pre_roll_s", "sent_samples"), [(0, 0), (0.25, 4000), (2.0, 8000)])
def test_the_pre_roll_that_is_sent(beep_model: Path, pre_roll_s: float, sent_samples: int) -> None:
    """A server takes at most half a second before the word."""
    (found,) = WakeWord(beep_model, pre_roll_s=pre_roll_s).process(utterance("beep", 4.0))
    script = Script()
    with verifier(script) as client:
        client.verify(found)
    body = script.requests[0].content
    meta = parse_metadata(body[body.index(b"{") : body.index(b"}}") + 2])
    assert (meta.start_sample, meta.pre_roll_samples) == (sent_samples, sent_samples)
    assert meta.end_sample - meta.start_sample == found.end_sample - found.start_sample
    audio = found.snippet[found.pre_roll_samples - sent_samples :].astype("<i2").tobytes()
    assert b"\r\n\r\n" + audio + b"\r\n" in body


def test_only_candidates_between_the_thresholds_are_sent() -> None:
    script = Script()
    policy = VerifierPolicy(ask_from=0.6, ask_below=0.9)
    with verifier(script, policy=policy) as client:
        low, middle, high = [client.verify(candidate(score=s)) for s in (0.59, 0.6, 0.9)]
    assert (low.accepted, low.source, low.reason) == (False, "device", "ask_from")
    assert (high.accepted, high.source, high.reason) == (True, "device", "ask_below")
    assert middle.source == "verifier"
    assert len(script.requests) == 1
    assert client.counts.device == 2


@pytest.mark.parametrize(
    ("policy", "score", "accepted"),
    [
        (VerifierPolicy(), 0.74, False),  # half-way between 0.5 and 1
        (VerifierPolicy(), 0.75, True),
        (VerifierPolicy(offline_threshold=0.9), 0.89, False),
        (VerifierPolicy(offline="accept"), 0.1, True),
        (VerifierPolicy(offline="reject"), 1.0, False),
    ],
)
def test_offline_policy(policy: VerifierPolicy, score: float, accepted: bool) -> None:
    script = Script(httpx.Response(500), httpx.Response(500))
    with verifier(script, policy=policy) as client:
        decision = client.verify(candidate(score=score))
    assert (decision.accepted, decision.source, decision.reason) == (
        accepted,
        "policy",
        "bad_reply",
    )
    assert isinstance(decision.error, VerifierUnavailableError)


def test_an_abstention_goes_to_the_policy() -> None:
    script = Script(lambda request: reply_to(request, decision="abstain", score=0.5))
    with verifier(script, policy=VerifierPolicy(offline="accept")) as client:
        decision = client.verify(candidate())
    assert (decision.accepted, decision.source, decision.reason) == (True, "policy", "abstain")
    assert decision.verdict.score == 0.5


@pytest.mark.parametrize(
    "first",
    [
        httpx.ConnectError("no"),
        httpx.ReadError("gone"),
        httpx.RemoteProtocolError("Server disconnected"),
        *(httpx.Response(status) for status in (429, 502, 503, 504)),
    ],
    ids=str,
)
def test_one_retry_with_the_same_key(first: object) -> None:
    script = Script(first)
    with verifier(script) as client:
        assert client.verify(candidate()).source == "verifier"
    one, two = script.requests
    assert one.headers["idempotency-key"] == two.headers["idempotency-key"]
    assert client.counts.attempts == 2
    script = Script(first, first, reply_to)
    with verifier(script) as client:
        assert client.verify(candidate()).source == "policy"
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    "first",
    [
        httpx.Response(500),
        httpx.Response(301),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, text="[" * 9000),
        httpx.Response(418, text="not ours"),
        httpx.ReadTimeout("late"),
        httpx.Response(503, headers={"retry-after": "5"}),
        lambda request: reply_to(request, request_id="another"),
        lambda request: reply_to(request, decision="maybe"),
        lambda request: reply_to(request, score=float(7)),
        lambda request: reply_to(request, score="0.9"),
        lambda request: reply_to(request, timings_ms={"a": None}),
        httpx.Response(200, text=" " * 17000),
    ],
    ids=str,
)
def test_no_retry_where_it_would_not_help(first: object) -> None:
    script = Script(first)
    with verifier(script) as client:
        decision = client.verify(candidate())
    assert (decision.source, len(script.requests)) == ("policy", 1)
    assert decision.verdict is None
    assert decision.reason in ("bad_reply", "timeout", "busy")


def test_a_refusal_is_no_failure_of_the_verifier() -> None:
    error = {"error": {"code": "unknown_keyword", "message": "there is no such word"}}
    breaker = CircuitBreaker(failures=1)
    with verifier(Script(*[httpx.Response(404, json=error)] * 2), breaker=breaker) as client:
        decision = client.verify(candidate())
        with pytest.raises(VerifierRefusedError, match="no such word") as caught:
            client.ask(candidate())
    assert (decision.source, decision.reason) == ("policy", "unknown_keyword")
    assert (caught.value.status, breaker.state) == (404, "closed")


def test_a_token_that_cannot_be_had(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> str:
        raise OSError("no such file")

    script = Script()
    with verifier(script, token=fail) as client:
        assert client.verify(candidate()).reason == "token"
    assert not script.requests
    assert "no such file" in caplog.text

    async def supply() -> str:
        return "later"

    with verifier(script, token=supply) as client:
        client.verify(candidate())
    assert script.requests[0].headers["authorization"] == "Bearer later"


def test_breaker() -> None:
    now = [0.0]
    breaker = CircuitBreaker(failures=3, window_s=10, open_s=30, clock=lambda: now[0])
    for at in (0, 1, 12):  # the first two are too old by the third
        now[0] = at
        assert breaker.allow()
        breaker.failed()
    assert breaker.state == "closed"
    for _ in range(2):
        breaker.failed()
    assert (breaker.state, breaker.allow()) == ("open", False)
    now[0] += 30
    assert breaker.state == "half_open"
    assert [breaker.allow() for _ in range(3)] == [True, False, False]
    breaker.failed()
    assert breaker.state == "open"
    now[0] += 30
    assert breaker.allow()
    breaker.succeeded()
    assert (breaker.state, breaker.allow()) == ("closed", True)
    with pytest.raises(ValueError, match="failures"):
        CircuitBreaker(failures=0)


def test_an_open_breaker_answers_at_once_and_one_probe_closes_it() -> None:
    script = Script(*[httpx.Response(500)] * 2)
    breaker = CircuitBreaker(failures=2, open_s=0.2)
    with verifier(script, breaker=breaker) as client:
        reasons = [client.verify(candidate()).reason for _ in range(4)]
        assert reasons == ["bad_reply", "bad_reply", "circuit_open", "circuit_open"]
        assert len(script.requests) == 2
        time.sleep(0.25)
        assert client.verify(candidate()).source == "verifier"
        assert breaker.state == "closed"


def test_what_is_dropped_is_decided_and_counted() -> None:
    async def scenario() -> list[str]:
        async def slow(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0.1)
            return reply_to(request)

        client = AsyncVerifier(
            "http://127.0.0.1:9",
            thresholds=THRESHOLDS,
            max_pending=3,
            transport=httpx.MockTransport(slow),
        )
        async with client:
            decisions = await asyncio.gather(*(client.verify(candidate()) for _ in range(8)))
        assert client.counts.dropped == 5
        assert client.counts.candidates == client.counts.verifier + client.counts.policy == 8
        return [decision.reason for decision in decisions]

    reasons = asyncio.run(scenario())
    assert reasons == ["accept"] * 3 + ["queue_full"] * 5


def test_submit_never_waits() -> None:
    with fakes.listening(fakes.silent) as url:
        client = Verifier(url, thresholds=THRESHOLDS, policy=VerifierPolicy(deadline_s=0.5))
        started_s = time.monotonic()
        futures = [client.submit(candidate()) for _ in range(20)]
        assert time.monotonic() - started_s < 0.25
        called_from = []
        futures[0].add_done_callback(lambda _: called_from.append(threading.current_thread().name))
        client.close()  # waits for what is under way
    decisions = [future.result(0) for future in futures]
    assert {decision.reason for decision in decisions} == {"timeout", "queue_full"}
    assert called_from == ["pywakeword-verifier"]
    with pytest.raises(VerifierUnavailableError, match="closed"):
        client.submit(candidate())
    client.close()


FAULTS = {
    "garbage": (fakes.garbage, "bad_reply"),
    "half closed": (fakes.half_closed, "bad_reply"),
    "dropped": (fakes.dropped, "disconnected"),
    "silent": (fakes.silent, "timeout"),
    "dribbling": (fakes.dribbling, "timeout"),
    "endless": (fakes.endless, "bad_reply"),
    "busy": (fakes.answer("503 Busy"), "busy"),
    "gzip": (fakes.answer("200 OK", b"\x1f\x8b", b"content-encoding: gzip\r\n"), "bad_reply"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_servers(fault: str) -> None:
    handler, reason = FAULTS[fault]
    policy = VerifierPolicy(deadline_s=0.6)
    with (
        fakes.listening(handler) as url,
        Verifier(url, thresholds=THRESHOLDS, policy=policy) as client,
    ):
        decision = client.verify(candidate())
    assert (decision.source, decision.reason) == ("policy", reason)
    assert decision.latency_s < 1.0


def test_nobody_listens_and_no_such_name() -> None:
    for url in ("http://127.0.0.1:1", "https://verifier.invalid"):
        with Verifier(url, thresholds=THRESHOLDS) as client:
            decision = client.verify(candidate())
        assert decision.reason in ("connect", "timeout"), decision.error
        assert decision.latency_s < 1.3


def test_tls_is_verified(tmp_path: Path) -> None:
    good, expired = (
        fakes.certificate(tmp_path / "good"),
        fakes.certificate(tmp_path / "old", days=(-9, -1)),
    )
    body = fakes.answer("500 No")
    options = {
        "thresholds": THRESHOLDS,
        "policy": VerifierPolicy(connect_timeout_s=1, deadline_s=2),
    }
    with fakes.listening(body, fakes.tls(expired)) as url:
        with Verifier(url, ca_file=expired[0], **options) as client:
            decision = client.verify(candidate())
        assert decision.reason == "tls"
        assert "expired" in str(decision.error)
    with fakes.listening(body, fakes.tls(good)) as url:
        with Verifier(url, **options) as client:  # not signed by anybody known
            assert client.verify(candidate()).reason == "tls"
        with Verifier(url, ca_file=good[0], **options) as client:
            assert client.verify(candidate()).reason == "bad_reply"  # the 500: TLS was fine
    with fakes.listening(body, fakes.tls(good, client_ca=good[0])) as url:
        with Verifier(url, ca_file=good[0], **options) as client:
            assert client.verify(candidate()).reason in ("tls", "disconnected")
        with Verifier(url, ca_file=good[0], client_cert=good, **options) as client:
            assert client.verify(candidate()).reason == "bad_reply"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://verifier.example", "unencrypted"),
        ("http://127.0.0.1.example", "unencrypted"),
        ("ftp://verifier.example", "must be https"),
        ("verifier.example", "must be https"),
        ("https://user:secret@verifier.example", "no user"),
    ],
)
def test_urls(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Verifier(url, thresholds={})


def test_plain_http_where_it_is_allowed() -> None:
    for url in ("http://localhost:1", "http://[::1]:1", "http://127.9.9.9", "https://a.example"):
        Verifier(url, thresholds={}).close()
    Verifier("http://verifier.example", thresholds={}, allow_plain_http=True).close()


def test_bad_options() -> None:
    for options, message in (
        ({"encoding": "mp3"}, "encoding must be"),
        ({"max_pending": 0}, "max_pending"),
    ):
        with pytest.raises(ValueError, match=message):
            Verifier("https://a.example", thresholds={}, **options)
    for policy in (
        {"offline": "maybe"},
        {"ask_from": 0.9, "ask_below": 0.1},
        {"deadline_s": 0},
        {"offline_threshold": 2},
    ):
        with pytest.raises(ValueError, match="must"):
            VerifierPolicy(**policy)


def test_missing_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[verifier\]"):
        Verifier("https://a.example", thresholds={})


def test_sent_log_turns_over(tmp_path: Path) -> None:
    from pywakeword.verifier.sent_log import SentLog

    log = SentLog(tmp_path / "deep" / "sent.jsonl", max_bytes=100)
    for i in range(20):
        log.write("sent", number=i)
    log.close()
    lines = (tmp_path / "deep" / "sent.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["number"] == 19
    assert len(list((tmp_path / "deep").iterdir())) == 2


def test_what_cannot_be_noted_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script()
    with verifier(script, sent_log=tmp_path / "sent") as client:

        def full(self: object, event: str, **fields: object) -> None:
            raise OSError("No space left on device")

        monkeypatch.setattr("pywakeword.verifier.client.SentLog.write", full)
        decision = client.verify(candidate())
    assert (decision.source, decision.reason, script.requests) == ("policy", "sent_log", [])
