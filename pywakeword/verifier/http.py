"""One attempt to get a verdict over HTTP (extra `verifier`)."""

from __future__ import annotations

import inspect
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Union
from urllib.parse import urlsplit

from pywakeword._extras import require
from pywakeword._fields import printable
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.errors import VerifierError, VerifierUnavailableError
from pywakeword.verifier.contract import (
    MAX_REPLY_BYTES,
    VERIFY_PATH,
    Metadata,
    Verdict,
    parse_refusal,
    parse_reply,
)

if TYPE_CHECKING:
    import httpx

TokenSupplier = Callable[[], Union[str, Awaitable[str]]]

_CONTENT_TYPES = {"s16le": f"audio/l16;rate={SAMPLE_RATE_HZ}", "ogg_opus": "audio/ogg"}
_BUSY = (429, 502, 503, 504)


class HttpVerifier:
    """Posts candidates to one verifier; `AsyncVerifier` describes the parameters."""

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_s: float,
        token: TokenSupplier | None = None,
        client_cert: tuple[str, str] | None = None,
        ca_file: str | None = None,
        allow_plain_http: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._httpx = require("httpx", "verifier")
        self.host = _check_url(url, allow_plain_http)
        self._connect_timeout_s = connect_timeout_s
        self._token = token
        self._url = url.rstrip("/") + VERIFY_PATH
        # No client of httpx: it would follow what the server says (cookies, redirects,
        # compression) before this module can refuse it. Proxies from the environment are not
        # used either: audio goes where the caller sends it.
        self._transport: httpx.AsyncBaseTransport = transport or self._httpx.AsyncHTTPTransport(
            verify=_tls_context(client_cert, ca_file),
            trust_env=False,
            limits=self._httpx.Limits(max_connections=8, max_keepalive_connections=2),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def post(self, metadata: Metadata, audio: bytes, timeout_s: float) -> Verdict:
        """Send one candidate once.

        Raises
        ------
        VerifierUnavailableError
            If no readable answer came in time.
        VerifierRefusedError
            If the verifier refuses the request.
        """
        timeout = self._httpx.Timeout(timeout_s, connect=min(timeout_s, self._connect_timeout_s))
        encoding = metadata.format.encoding
        files = {
            "metadata": ("metadata.json", metadata.to_json().encode(), "application/json"),
            "audio": ("audio", audio, _CONTENT_TYPES[encoding]),
        }
        headers = {"idempotency-key": metadata.request_id, "accept-encoding": "identity"}
        if self._token is not None:
            headers["authorization"] = f"Bearer {await self._fetch_token(self._token)}"
        request = self._httpx.Request(
            "POST",
            self._url,
            files=files,
            headers=headers,
            extensions={"timeout": timeout.as_dict()},
        )
        try:
            response = await self._transport.handle_async_request(request)
            try:
                body = await _read_limited(response)
            finally:
                await response.aclose()
        except VerifierError:
            raise
        except Exception as error:  # whatever the server makes its parsers raise
            raise self._unavailable(error) from error
        return _read(response.status_code, response.headers, body, metadata.request_id)

    async def _fetch_token(self, supply: TokenSupplier) -> str:
        try:
            token = supply()
            return str(await token) if inspect.isawaitable(token) else token
        except Exception as error:
            raise VerifierUnavailableError("token", f"no bearer token: {error!r}") from error

    def _unavailable(self, error: Exception) -> VerifierUnavailableError:
        kinds = self._httpx
        message = f"{self.host}: {printable(str(error)) or type(error).__name__}"
        if _is_tls_failure(error):
            return VerifierUnavailableError("tls", message)
        if isinstance(error, (kinds.ConnectError, kinds.ConnectTimeout)):
            return VerifierUnavailableError("connect", message)
        if isinstance(error, kinds.TimeoutException):
            return VerifierUnavailableError("timeout", message)
        if isinstance(error, kinds.NetworkError) or "disconnected" in str(error):
            return VerifierUnavailableError("disconnected", message)
        return VerifierUnavailableError("bad_reply", message)


async def _read_limited(response: httpx.Response) -> bytes:
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":  # a few bytes could hold gigabytes
        raise VerifierUnavailableError(
            "bad_reply", f"the verifier's reply is encoded as {printable(encoding)}"
        )
    body = bytearray()
    stream: Any = response.stream  # as it came; the methods of the response decode
    async for chunk in stream:
        body += chunk
        if len(body) > MAX_REPLY_BYTES:
            raise VerifierUnavailableError(
                "bad_reply", f"the verifier's reply has more than {MAX_REPLY_BYTES} bytes"
            )
    return bytes(body)


def _read(status: int, headers: Mapping[str, str], body: bytes, request_id: str) -> Verdict:
    if status == 200:
        return parse_reply(body, request_id)
    error: VerifierError
    if status in _BUSY:
        error = VerifierUnavailableError(
            "busy", f"the verifier answered {status}", _retry_after_s(headers.get("retry-after"))
        )
    elif 400 <= status < 500:
        error = parse_refusal(status, body)
    else:
        error = VerifierUnavailableError("bad_reply", f"the verifier answered {status}")
    raise error


def _retry_after_s(value: str | None) -> float | None:
    """Read Retry-After in seconds. A date is ignored: the deadline is sooner."""
    return float(value) if value is not None and value.isdecimal() else None


def _check_url(url: str, allow_plain_http: bool) -> str:
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"the verifier's URL must be https://HOST..., got {url!r}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the verifier's URL must have no user, query or fragment")
    if parts.scheme == "http" and not allow_plain_http and not _is_loopback(host):
        raise ValueError(
            f"{url!r} would send audio unencrypted: use https, or allow plain http explicitly"
        )
    return parts.netloc


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls_context(client_cert: tuple[str, str] | None, ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    if client_cert is not None:
        context.load_cert_chain(*client_cert)
    return context


def _is_tls_failure(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
