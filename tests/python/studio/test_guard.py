"""Who may talk to the studio: this machine's own page, or whoever has the token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the studio extra is not installed")
pytest.importorskip("httpx", reason="the verifier extra is not installed")

from helpers.command_line import error_line
from helpers.studio_client import LIVE, client_of, make_studio
from starlette.websockets import WebSocketDisconnect

from pywakeword.studio.guard import HEADERS, is_loopback
from pywakeword.studio.run import make_server

TOKEN = "a-token-of-the-test-0123"


@pytest.fixture
def client(tmp_path: Path) -> Any:
    with client_of(make_studio(tmp_path, ["computer"])) as found:
        yield found


def test_every_answer_has_the_headers(client: Any) -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    for path in ("/", "/api/studio", "/nothing", "/api/recordings/r1"):
        answer = client.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == dict(HEADERS)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", ""]
)
def test_a_name_that_was_pointed_here_is_refused(client: Any, host: str) -> None:
    assert client.get("/api/studio", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "localhost:8765", "[::1]:8765", "127.0.0.1"])
def test_names_of_this_machine(client: Any, host: str) -> None:
    headers = {"host": host, "origin": f"http://{host}"}
    assert client.get("/api/studio", headers=headers).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
def test_other_pages_are_refused(client: Any, origin: str) -> None:
    headers = {"origin": origin}
    assert client.get("/api/studio", headers=headers).status_code == 403
    assert client.post("/api/kept/settings", json={"on": True}, headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(LIVE, headers=headers):
        pass


def test_a_change_needs_an_origin(tmp_path: Path) -> None:
    with client_of(make_studio(tmp_path, ["computer"])) as client:
        del client.headers["origin"]
        assert client.get("/api/studio").status_code == 200
        assert client.delete("/api/kept").status_code == 403
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(LIVE):
            pass


def test_a_token_becomes_a_cookie(tmp_path: Path) -> None:
    with client_of(make_studio(tmp_path, ["computer"]), token=TOKEN) as client:
        for path in ("/", "/api/studio", "/js/main.js", f"/?token={TOKEN}x", "/?token=é"):
            assert client.get(path).status_code == 401
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(LIVE):
            pass
        answer = client.get(f"/?token={TOKEN}", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert client.get("/api/studio").status_code == 200
        # The token is not taken from the address anywhere else.
        client.cookies.clear()
        assert client.get(f"/api/studio?token={TOKEN}").status_code == 401


def test_the_token_is_compared_in_constant_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return a == b

    monkeypatch.setattr("pywakeword.studio.guard.hmac.compare_digest", compare)
    with client_of(make_studio(tmp_path, ["computer"]), token=TOKEN) as client:
        client.get("/?token=x")
    assert (b"x", TOKEN.encode()) in compared


def test_any_address_of_this_machine_with_a_token(tmp_path: Path) -> None:
    guard = {"token": TOKEN, "any_address": True, "hosts": ["kitchen"]}
    with client_of(make_studio(tmp_path, ["computer"]), **guard) as client:
        client.cookies.set("pywakeword_studio", TOKEN)
        for host, status in (("192.168.1.7:8765", 200), ("kitchen", 200), ("evil.example", 421)):
            headers = {"host": host, "origin": f"http://{host}"}
            assert client.get("/api/studio", headers=headers).status_code == status


def test_nothing_of_a_request_becomes_a_path(client: Any) -> None:
    for path in ("/../pyproject.toml", "/js/..%2f..%2fapp.py", "/static/js/main.js", "/js/%2e%2e/"):
        assert client.get(path).status_code == 404
    answer = client.post("/api/recordings?name=../../etc/passwd", content=b"not audio")
    assert answer.json()["name"] == "../../etc/passwd"
    for path in ("/api/kept/..%2f..%2fsecret", "/api/takes/..%2fx?word=a", "/api/recordings/..%2f"):
        assert client.get(path).status_code in (400, 404)


def test_without_a_token_only_loopback_is_served(tmp_path: Path) -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
    studio = make_studio(tmp_path, ["computer"])
    with pytest.raises(ValueError, match="needs a token"):
        make_server(studio, host="0.0.0.0", port=0, token=None)
    studio.close()


def test_bad_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = tmp_path / "token"
    short.write_text("short")
    for argv, message in (
        (["--host", "0.0.0.0"], "give --allow-remote too"),
        (["--host", "no.such.host.invalid"], "unknown address"),
        (["--port", "70000"], "--port must be from 0 to 65535"),
        (["--max-upload-mb", "0"], "--max-upload-mb must be at least 1"),
        (["--ssl-keyfile", "x"], "--ssl-keyfile needs --ssl-certfile"),
        (["--token-file", short], "at least 16"),
        (["--token-file", tmp_path / "none"], "No such file"),
        (["--model", "komputer"], "no model 'komputer'"),
        (["--config", tmp_path / "none"], "no such configuration"),
    ):
        assert message in error_line(capsys, "studio", *argv)
