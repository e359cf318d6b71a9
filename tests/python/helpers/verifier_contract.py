"""The contract of the verifier, for any server: a test module imports this one whole.

It must provide the fixture `url`, a server of the tiny words "beep" and "boop" whose
body timeout is half a second.
"""

from __future__ import annotations

import io
import json
import socket
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import soundfile
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from helpers.tiny_verifier import candidate
from helpers.verifier_server import audio, error_of, metadata, post
from pywakeword.verifier import Verifier
from pywakeword.verifier.contract import MAX_AUDIO_BYTES


def fresh(**changes: object) -> dict:
    return metadata(request_id=uuid.uuid4().hex, **changes)


def test_accept_and_reject(url: str) -> None:
    accepted = post(url, fresh()).json()
    assert (accepted["decision"], accepted["keyword"]) == ("accept", "beep")
    assert accepted["score"] >= accepted["threshold"] == 0.6
    assert accepted["model"].startswith("tiny:")
    assert (accepted["start_sample"], accepted["end_sample"]) == (8000, 15680)
    assert set(accepted["timings_ms"]) >= {"decode", "total"}
    rejected = post(url, fresh(), audio("boop")).json()
    assert rejected["decision"] == "reject"
    assert post(url, fresh(keyword="boop"), audio("boop")).json()["decision"] == "accept"


# What version 0.1.0 sends, to the letter.
REQUEST_0_1_0 = """{"request_id": "%s", "keyword": "beep", "start_sample": 8000,
"end_sample": 12800, "pre_roll_samples": 8000, "detector": "pywakeword 0.1.0", "score": 0.7,
"threshold": 0.5, "device_state": {"device_type": "unknown", "playback": "music", "volume": 0.5},
"format": {"encoding": "s16le", "sample_rate_hz": 16000, "channels": 1}}"""
REPLY_0_1_0 = {
    "request_id",
    "keyword",
    "decision",
    "score",
    "threshold",
    "model",
    "start_sample",
    "end_sample",
    "timings_ms",
}


def test_a_client_of_the_first_release_is_served(url: str) -> None:
    request = json.loads(REQUEST_0_1_0 % uuid.uuid4().hex)
    reply = post(url, request)
    assert reply.status_code == 200
    assert set(reply.json()) == REPLY_0_1_0
    assert reply.json()["decision"] == "accept"


def test_a_word_without_a_verifier_is_named(url: str) -> None:
    reply = post(url, fresh(keyword="hey_own_word"))
    assert reply.status_code == 404
    message = reply.json()["error"]["message"]
    assert message == "keyword 'hey_own_word' has no verifier; available: beep, boop"


def test_opus(url: str) -> None:
    for tone, decision in (("beep", "accept"), ("boop", "reject")):
        file = io.BytesIO()
        soundfile.write(file, candidate(tone).snippet, 16000, format="OGG", subtype="OPUS")
        form = {"encoding": "ogg_opus", "sample_rate_hz": 16000, "channels": 1}
        assert post(url, fresh(format=form), file.getvalue()).json()["decision"] == decision


def test_less_pre_roll(url: str) -> None:
    found = candidate(before_s=0.2)
    meta = fresh(start_sample=3200, end_sample=8000, pre_roll_samples=3200)
    reply = post(url, meta, found.snippet.tobytes()).json()
    assert (reply["decision"], reply["start_sample"]) == ("accept", 3200)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"keyword": "alexa"}, (404, "unknown_keyword")),
        ({"request_id": "../etc"}, (422, "bad_metadata")),
        ({"request_id": 7}, (422, "bad_metadata")),
        ({"end_sample": 8000}, (422, "bad_metadata")),
        ({"end_sample": 1 << 70}, (422, "bad_metadata")),
        ({"pre_roll_samples": 7000}, (422, "bad_metadata")),
        ({"score": 1.5}, (422, "bad_metadata")),
        ({"score": -1}, (422, "bad_metadata")),
        ({"score": True}, (422, "bad_metadata")),
        ({"score": 10**400}, (422, "bad_metadata")),
        ({"device_state": {"device_type": "x", "playback": "music"}}, (422, "bad_metadata")),
        (
            {"format": {"encoding": "mp3", "sample_rate_hz": 16000, "channels": 1}},
            (415, "bad_format"),
        ),
        (
            {"format": {"encoding": "s16le", "sample_rate_hz": 44100, "channels": 1}},
            (415, "bad_format"),
        ),
        (
            {"format": {"encoding": "s16le", "sample_rate_hz": 16000, "channels": 2}},
            (415, "bad_format"),
        ),
        ({"detector": "x" * 9000}, (413, "metadata_too_large")),
    ],
)
def test_bad_metadata(url: str, changes: dict, expected: tuple[int, str]) -> None:
    # Audio that could not be decoded shows that nothing got so far.
    assert error_of(post(url, {**fresh(), **changes}, b"odd")) == expected


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[" * 8000, b"\xff\xfe", b'{"score": NaN}', b'{"score": Infinity}']
)
def test_bad_json(url: str, text: bytes) -> None:
    assert error_of(post(url, text, b"odd")) == (400, "bad_json")


@pytest.mark.parametrize("text", [b"[]", b"7", b"null", b'"x"', b"{}"])
def test_json_that_is_no_metadata(url: str, text: bytes) -> None:
    assert error_of(post(url, text, b"odd")) == (422, "bad_metadata")


def test_bad_audio(url: str) -> None:
    assert error_of(post(url, fresh(), audio()[:-1])) == (400, "bad_audio")
    assert error_of(post(url, fresh(), audio()[: 2 * 12799])) == (400, "bad_audio")
    assert error_of(post(url, fresh(), b"")) == (400, "bad_audio")
    too_large = error_of(post(url, fresh(), bytes(MAX_AUDIO_BYTES + 2)))
    assert too_large == (413, "audio_too_large")
    opus = {"encoding": "ogg_opus", "sample_rate_hz": 16000, "channels": 1}
    assert error_of(post(url, fresh(format=opus), audio())) == (400, "bad_audio")
    for rate, subtype, expected in (
        (48000, "OPUS", (415, "bad_format")),
        (16000, "VORBIS", (415, "bad_format")),
    ):
        file = io.BytesIO()
        soundfile.write(file, candidate().snippet, rate, format="OGG", subtype=subtype)
        assert error_of(post(url, fresh(format=opus), file.getvalue())) == expected
    file = io.BytesIO()
    soundfile.write(file, np.zeros(16000 * 60, np.int16), 16000, format="OGG", subtype="OPUS")
    assert len(file.getvalue()) < MAX_AUDIO_BYTES
    assert error_of(post(url, fresh(format=opus), file.getvalue())) == (413, "audio_too_large")


def test_bad_bodies(url: str) -> None:
    def send(body: bytes, kind: str = "multipart/form-data; boundary=b") -> tuple[int, str]:
        headers = {"content-type": kind}
        return error_of(
            httpx.post(f"{url}/v1/verify", content=body, headers=headers, trust_env=False)
        )

    part = b'--b\r\ncontent-disposition: form-data; name="%s"\r\n\r\n{}\r\n'
    assert send(b"{}", "application/json") == (415, "not_multipart")
    assert send(b"{}", "multipart/form-data") == (415, "not_multipart")
    assert send(b"") == (400, "bad_multipart")
    assert send(b"no multipart at all") == (400, "bad_multipart")
    assert send(part % b"metadata") == (400, "bad_multipart")  # ends too early
    assert send(part % b"metadata" + b"--b--\r\n") == (400, "bad_multipart")  # no audio
    assert send((part % b"metadata") * 2 + b"--b--\r\n") == (400, "bad_multipart")
    assert send(part % b"more" + b"--b--\r\n") == (400, "bad_multipart")
    assert send(bytes(300_000)) == (413, "body_too_large")


def test_a_retry_gets_the_same_reply_and_an_id_is_used_once(url: str) -> None:
    meta = fresh()
    assert post(url, meta).json() == post(url, meta).json()
    assert error_of(post(url, meta, audio("boop"))) == (409, "request_id_reused")


def test_a_slow_sender_is_let_go(url: str) -> None:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 50000\r\n"
            b"content-type: multipart/form-data; boundary=b\r\n\r\n--b"
        )
        started_s = time.monotonic()
        reply = connection.recv(65536)
        assert 0.3 < time.monotonic() - started_s < 5
    assert reply.startswith(b"HTTP/1.1 408 ")
    assert post(url, fresh()).status_code == 200


def test_health_metrics_and_schema(url: str) -> None:
    post(url, fresh())
    post(url, b"{")
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/healthz").json() == {"status": "ok", "keywords": ["beep", "boop"]}
        text = client.get("/metrics").text
        schema = client.get("/openapi.json").json()
        assert client.get("/v1/verify").status_code == 405
        assert client.get("/nowhere").status_code == 404
    assert 'pywakeword_verifier_requests_total{code="",status="200"}' in text
    assert 'pywakeword_verifier_requests_total{code="bad_json",status="400"}' in text
    assert "pywakeword_verifier_batch_size_count" in text
    body = schema["paths"]["/v1/verify"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert "pre_roll_samples" in body["schema"]["properties"]["metadata"]["properties"]
    reply = schema["paths"]["/v1/verify"]["post"]["responses"]["200"]["content"]
    properties = reply["application/json"]["schema"]["properties"]
    assert set(properties) == set(post(url, fresh()).json())


def test_client_and_server_agree(url: str) -> None:
    with Verifier(url, thresholds={"beep": 0.5}) as verifier:
        good, bad = verifier.verify(candidate()), verifier.verify(candidate("boop"))
        opus = Verifier(url, thresholds={}, encoding="ogg_opus")
        with opus:
            assert opus.verify(candidate()).accepted
    assert (good.accepted, good.source, good.reason) == (True, "verifier", "accept")
    assert (bad.accepted, bad.source, bad.reason) == (False, "verifier", "reject")
    assert 0 < good.latency_s < 1


def stream(url: str, meta: object, chunks: Iterable[bytes | str]) -> list[dict]:
    """Send an utterance over the WebSocket and return all that is answered."""
    with connect(url.replace("http", "ws", 1) + "/v1/stream", proxy=None) as socket_:
        received = []
        # The server may close while we send, and closes with an error code after an error.
        with suppress(ConnectionClosed):
            socket_.send(meta if isinstance(meta, bytes) else json.dumps(meta))
            for chunk in chunks:
                socket_.send(chunk)
        with suppress(ConnectionClosed):
            while True:
                received.append(json.loads(socket_.recv(10)))
        return received


def cut(sound: bytes, size: int = 3200) -> list[bytes]:
    return [sound[i : i + size] for i in range(0, len(sound), size)]


END = json.dumps({"type": "end"})


def test_stream_rejected_early(url: str) -> None:
    chunks = [*cut(audio("boop")), *cut(bytes(32000))]
    verdict, stop = stream(url, fresh(), chunks)
    assert (verdict["type"], verdict["decision"]) == ("verdict", "reject")
    assert (stop["type"], stop["reason"]) == ("stop_capture", "rejected")
    assert stop["wakeWordIndices"] == {"startIndexInSamples": 8000, "endIndexInSamples": 12800}
    assert stop["n_samples"] < 15000  # what had come when the verdict fell


def test_stream_accepted_and_ended(url: str) -> None:
    verdict, stop = stream(url, fresh(), [*cut(audio()), *cut(bytes(32000)), END])
    assert verdict["decision"] == "accept"
    assert stop["reason"] == "end"
    assert stop["n_samples"] == 16000 + 16000


def test_stream_without_speech_is_stopped(url: str) -> None:
    _, stop = stream(url, fresh(), [*cut(audio()), *cut(bytes(2 * 16000 * 7), 32000)])
    assert stop["reason"] == "no_speech"


@pytest.mark.parametrize(
    ("meta", "chunks", "expected"),
    [
        (b"binary first", [], (400, "bad_message")),
        ({}, [], (422, "bad_metadata")),
        (metadata(keyword="alexa"), [], (404, "unknown_keyword")),
        (metadata(), [b"odd"], (400, "bad_audio")),
        (metadata(), ["{"], (400, "bad_message")),
        (metadata(), [END], (400, "bad_audio")),
        (metadata(), [b"xx"], (408, "slow_sender")),
        (
            metadata(format={"encoding": "ogg_opus", "sample_rate_hz": 16000, "channels": 1}),
            [],
            (415, "bad_format"),
        ),
    ],
)
def test_bad_streams(url: str, meta: object, chunks: list, expected: tuple[int, str]) -> None:
    (error,) = stream(url, meta, chunks)
    assert (error["type"], error["status"], error["code"]) == ("error", *expected)
