"""Whatever a server answers, every candidate ends in one decision, in time and in memory."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import tracemalloc
from collections.abc import Iterator

import pytest

pytest.importorskip("httpx", reason="the verifier extra is not installed")
pytest.importorskip("cryptography", reason="the extra test is not installed")

from helpers.tiny_verifier import candidate
from hypothesis import given, settings
from hypothesis import strategies as st

from pywakeword._fields import printable
from pywakeword.errors import VerifierUnavailableError
from pywakeword.verifier import CircuitBreaker, Verifier, VerifierPolicy, VerifierResult
from pywakeword.verifier.contract import parse_refusal, parse_reply
from tools.verifier import fake_servers as fakes

REPLY = {
    "request_id": "r-1",
    "keyword": "beep",
    "decision": "accept",
    "score": 0.9,
    "threshold": 0.6,
    "model": "m",
    "start_sample": 8000,
    "end_sample": 12800,
    "timings_ms": {"total": 1.0},
}


class Answering:
    """A server that sends these bytes to every request, and a client of it."""

    client: Verifier

    def __init__(self) -> None:
        self.reply = b""
        self.requests: list[bytes] = []

    def handle(self, connection: socket.socket) -> None:
        self.requests.append(fakes.read_request(connection))
        connection.sendall(self.reply)

    def verify(self, reply: bytes) -> VerifierResult:
        self.reply = reply
        return self.client.verify(candidate())


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    answering = Answering()
    with (
        fakes.listening(answering.handle) as url,
        Verifier(
            url,
            thresholds={"beep": 0.5},
            policy=VerifierPolicy(retry=False),
            breaker=CircuitBreaker(failures=10_000),
        ) as answering.client,
    ):
        yield answering


def http(status: str = "200 OK", body: bytes = b"{}", headers: bytes = b"") -> bytes:
    # Without the second header, the next request may still go into a connection that is closing.
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\nconnection: close\r\n%s\r\n%s" % (
        status.encode(),
        len(body),
        headers,
        body,
    )


LOCATIONS = [b"mailto:a@b", b"http://xn--/", b"//[", b"http://127.0.0.1:1/", b"\xff\xfe", b""]


@pytest.mark.parametrize("location", LOCATIONS)
def test_redirects_are_no_verdict_and_not_followed(server: Answering, location: bytes) -> None:
    n_requests = len(server.requests)
    result = server.verify(http("307 Moved", headers=b"location: " + location + b"\r\n"))
    assert (result.source, result.reason) == ("policy", "bad_reply")
    assert len(server.requests) == n_requests + 1


def test_a_number_of_400_digits(server: Answering) -> None:
    body = json.dumps(REPLY).replace("1.0", f"1{'0' * 400}").encode()
    assert server.verify(http(body=body)).reason == "bad_reply"


@pytest.mark.parametrize("encoding", [b"gzip", b"gzip, gzip", b"br", b"zstd", b"x"])
def test_compressed_replies_are_refused_unread(server: Answering, encoding: bytes) -> None:
    bomb = gzip.compress(gzip.compress(bytes(100 << 20)))
    tracemalloc.start()
    try:
        result = server.verify(http(body=bomb, headers=b"content-encoding: " + encoding + b"\r\n"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result.reason == "bad_reply"
    assert "encoded as" in str(result.error)
    assert peak < 4 << 20
    assert result.latency_s < 1


def test_cookies_are_not_kept(server: Answering) -> None:
    server.verify(http(headers=b"set-cookie: a=b; path=/\r\n"))
    server.verify(http())
    assert b"cookie" not in server.requests[-1].lower()


def test_what_is_logged_is_on_one_line(server: Answering, caplog: pytest.LogCaptureFixture) -> None:
    message = "no\r\n\x1b[31m2026 accepted\u2028" + "x" * 5000
    body = json.dumps({"error": {"code": "bad", "message": message}}).encode()
    with caplog.at_level(logging.WARNING):
        result = server.verify(http("400 Bad", body))
    assert result.reason == "bad"
    (line,) = caplog.messages
    assert line.isprintable()
    assert len(line) < 1000
    assert printable("a\nb\x1b") == "a\\nb\\x1b"
    with pytest.raises(VerifierUnavailableError, match="code"):
        parse_refusal(400, b'{"error": {"code": "a\\nb", "message": ""}}')


@pytest.mark.parametrize(
    "changes",
    [
        {"start_sample": -1},
        {"start_sample": 1 << 40},
        {"end_sample": 7999},
        {"end_sample": 65_537},
        {"model": "a\x1b[2J"},
    ],
)
def test_fields_of_a_verdict_are_checked(changes: dict) -> None:
    with pytest.raises(VerifierUnavailableError, match=next(iter(changes))):
        parse_reply(json.dumps({**REPLY, **changes}).encode(), "r-1")


def test_an_error_of_the_program_is_a_decision_too(
    server: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> bytes:
        raise RuntimeError("a bug")

    monkeypatch.setattr("pywakeword.verifier.exchange.encode", fail)
    result = server.verify(http())
    assert (result.source, result.reason) == ("policy", "internal")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
bodies = st.binary(max_size=200) | st.dictionaries(
    st.sampled_from([*REPLY, "error"]), values, max_size=3
).map(lambda changes: json.dumps({**REPLY, **changes}).encode())
headers = st.lists(
    st.tuples(
        st.sampled_from(
            [
                b"location",
                b"content-encoding",
                b"content-length",
                b"transfer-encoding",
                b"set-cookie",
                b"retry-after",
                b"content-type",
                b"connection",
            ]
        ),
        st.sampled_from(
            [*LOCATIONS, b"gzip", b"chunked", b"-1", b"9" * 400, b"close", b"identity", b"utf-7"]
        )
        | st.binary(max_size=12),
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 999), headers, bodies)
def test_any_reply_is_one_decision(
    server: Answering, status: int, fields: list[tuple[bytes, bytes]], body: bytes
) -> None:
    counts = server.client.counts
    before = counts.candidates, counts.verifier + counts.policy
    head = b"".join(b"%s: %s\r\n" % field for field in fields)
    result = server.verify(b"HTTP/1.1 %03d x\r\n%s\r\n%s" % (status, head, body))
    assert (result.source, result.verdict) == ("policy", None)  # no reply has the request's id
    assert (counts.candidates, counts.verifier + counts.policy) == (before[0] + 1, before[1] + 1)
    assert result.latency_s < 1.5
    assert result.reason.isprintable()
    assert str(result.error).isprintable()
