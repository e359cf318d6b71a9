"""Replies of HTTP services, read within limits and as they came: a few bytes could be gigabytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, cast

from pywakeword._fields import load_json, printable
from pywakeword.errors import ServiceRefusedError

if TYPE_CHECKING:
    import httpx

_MAX_BYTES = 1 << 20


def plain_client(kind: Any, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
    """Return a client of httpx that keeps no cookies and asks for no compression.

    `kind` is `httpx.Client` or `httpx.AsyncClient`.
    """
    return kind(
        headers={**(headers or {}), "accept-encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        **options,
    )


async def raw(response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    """Yield the body of a response that is still open; `ServiceRefusedError` beyond the limit."""
    _check_encoding(response)
    n_bytes = 0
    stream: Any = response.stream  # as it came; the methods of the response decode
    async for data in stream:
        n_bytes += len(data)
        _check_length(response, n_bytes, limit)
        yield data


async def read(response: httpx.Response, limit: int = _MAX_BYTES) -> bytes:
    """Return the body of a response that is still open."""
    return b"".join([data async for data in raw(response, limit)])


def post_json(client: httpx.Client, url: str, body: Any, limit: int = _MAX_BYTES) -> Any:
    """Post JSON and return the answer's, whose status must be 200."""
    with client.stream("POST", url, json=body) as response:
        _check_encoding(response)
        answer, stream = b"", cast(Any, response.stream)
        for data in stream:
            answer += data
            _check_length(response, len(answer), limit)
    if response.status_code != 200:
        raise ServiceRefusedError(
            f"{response.url}: status {response.status_code}: "
            f"{printable(answer.decode(errors='replace'))}"
        )
    try:
        return load_json(answer)
    except ValueError as error:
        raise ServiceRefusedError(f"{response.url}: the answer is no JSON: {error}") from error


def _check_encoding(response: httpx.Response) -> None:
    encoding = response.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise ServiceRefusedError(f"{response.url}: the answer is encoded as {printable(encoding)}")


def _check_length(response: httpx.Response, n_bytes: int, limit: int) -> None:
    if n_bytes > limit:
        raise ServiceRefusedError(f"{response.url}: the answer has more than {limit} bytes")
