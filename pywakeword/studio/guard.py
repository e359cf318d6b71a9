"""Refuses requests of other pages and other machines, and sets the headers of every answer."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Collection, Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "pywakeword_studio"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; media-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """Wraps the application.

    - `Host` must name this machine: an address, or a name in `hosts`. A page of another site
      whose name was pointed here (DNS rebinding) has its own name there.
    - `Origin`, if sent, must be this server; it must be sent with a WebSocket and with every
      request that changes something.
    - With a token, each request needs it in a cookie. `/?token=...` sets the cookie.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    token : str, optional
        Required from every client if given.
    hosts : collection of str
        Names of this machine beside localhost.
    any_address : bool
        Accept every IP address as `Host`, not only loopback.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str | None = None,
        hosts: Collection[str] = (),
        any_address: bool = False,
    ) -> None:
        self._app = app
        self._token = token
        self._hosts = _LOOPBACK | {name.lower() for name in hosts}
        self._any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()  # the request to connect
            await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
        else:
            await refusal(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host):
            return _refused("this server does not have that name", 421)
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if origin is None:
            if changes:
                return _refused("the request has no Origin")
        elif origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
            return _refused("the request comes from another page")
        return None if self._token is None else self._check_token(scope, self._token)

    def _check_token(self, scope: Scope, token: str) -> Response | None:
        if _same(_cookie(scope), token):
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        is_page = scope["type"] == "http" and scope["path"] == "/"
        if is_page and _same(given, token):
            answer = RedirectResponse("/", 303)
            secure = HTTPConnection(scope).url.scheme == "https"
            answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure)
            return answer
        return _refused("open the address with the token that the studio printed", 401)

    def _is_ours(self, host: str) -> bool:
        begin, end = ("[", "]") if host.startswith("[") else ("", ":")
        name = host.lower()[len(begin) :].partition(end)[0]
        if name in self._hosts:
            return True
        if not self._any_address:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address; `ValueError` for an unknown one."""
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError) as error:
        raise ValueError(f"--host {host}: unknown address: {error}") from None
    return all(ipaddress.ip_address(item[4][0]).is_loopback for item in found)


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode("utf-8"))


def _cookie(scope: Scope) -> str:
    try:
        cookies = SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _refused(message: str, status: int = 403) -> Response:
    return JSONResponse({"error": message}, status)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return send_with_headers
