"""Serves the page of a listening test and audio under neutral names, and stores answers.

| request | answer |
| --- | --- |
| GET / and /page.js, /page.css | the page |
| POST /sessions {"listener"} | a new session |
| GET /sessions/ID | the next trial |
| GET /sessions/ID/TRIAL/NAME.wav | audio; NAME is a letter, or "reference" |
| POST /sessions/ID/TRIAL {"ratings", "plays"} | stores an answer |
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tools.listening_test.store import LETTERS, AnswerError, Session, Store
from tools.listening_test.study import REFERENCE, Study

_HERE = Path(__file__).parent
_FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
_SESSION = re.compile(r"/sessions/([\w-]+)")
_AUDIO = re.compile(r"/sessions/([\w-]+)/(\d+)/(\w+)\.wav")
_ANSWER = re.compile(r"/sessions/([\w-]+)/(\d+)")
_MAX_BODY = 20_000


def make_server(study: Study, store: Store, host: str, port: int) -> ThreadingHTTPServer:
    """Return a listening server; run it with `serve_forever`. Port 0 selects a free port."""

    class Handler(_Handler):
        pass

    Handler.study, Handler.store = study, store
    return ThreadingHTTPServer((host, port), Handler)


class _Handler(BaseHTTPRequestHandler):
    study: Study
    store: Store
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        if self.path in _FILES:
            name, kind = _FILES[self.path]
            self._send(HTTPStatus.OK, (_HERE / name).read_bytes(), kind)
        elif match := _SESSION.fullmatch(self.path):
            self._with_session(match[1], self._describe)
        elif match := _AUDIO.fullmatch(self.path):
            trial, name = int(match[2]), match[3]
            self._with_session(match[1], lambda session: self._audio(session, trial, name))
        else:
            self._fail(HTTPStatus.NOT_FOUND, "no such page")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MAX_BODY:
            self.close_connection = True  # the body stays unread
            self._fail(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is missing or too long")
            return
        try:
            body = json.loads(self.rfile.read(int(length)))
            if not isinstance(body, dict):
                raise ValueError("not an object")
        except ValueError as error:
            self._fail(HTTPStatus.BAD_REQUEST, f"not JSON: {error}")
            return
        try:
            if self.path == "/sessions":
                self._describe(self.store.begin(str(body.get("listener", ""))))
            elif match := _ANSWER.fullmatch(self.path):
                trial = int(match[2])
                self._with_session(
                    match[1],
                    lambda session: self._describe(
                        self.store.answer(session.id, trial, body.get("ratings"), body.get("plays"))
                    ),
                )
            else:
                self._fail(HTTPStatus.NOT_FOUND, "no such page")
        except AnswerError as error:
            self._fail(HTTPStatus.CONFLICT, str(error))

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing to the terminal."""

    def _with_session(self, session_id: str, then: Any) -> None:
        try:
            session = self.store.session(session_id)
        except KeyError:
            self._fail(HTTPStatus.NOT_FOUND, "no such session")
            return
        then(session)

    def _describe(self, session: Session) -> None:
        # Must not reveal which stimulus is which.
        about: dict[str, Any] = {
            "id": session.id,
            "title": self.study.title,
            "question": self.study.question,
            "trial": session.done,
            "trials": len(session.trials),
        }
        if session.done < len(session.trials):
            name, order = session.trials[session.done]
            about["letters"] = list(LETTERS[: len(order)])
            about["training"] = self.store.item(name).training
        self._send(HTTPStatus.OK, json.dumps(about).encode(), "application/json")

    def _audio(self, session: Session, trial: int, name: str) -> None:
        condition = None
        if trial == session.done and trial < len(session.trials):
            item, order = session.trials[trial]
            condition = {REFERENCE: REFERENCE, **dict(zip(LETTERS, order))}.get(name)
        if condition is None:
            self._fail(HTTPStatus.NOT_FOUND, "no such sound in this trial")
        else:
            self._send(HTTPStatus.OK, self.store.item(item).stimuli[condition], "audio/wav")

    def _fail(self, status: HTTPStatus, message: str) -> None:
        self._send(status, json.dumps({"error": message}).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'self'; img-src data:")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)
