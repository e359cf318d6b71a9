"""`HttpBackend`: base of the back ends over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pywakeword import _replies
from pywakeword._checks import check_type
from pywakeword._extras import require
from pywakeword._fields import load_json, printable
from pywakeword.errors import (
    ServiceRefusedError,
    ServiceTimeoutError,
    ServiceTruncatedError,
    ServiceUnavailableError,
)
from pywakeword.tts.backends.base import Backend

if TYPE_CHECKING:
    import httpx

_MAX_AUDIO_BYTES = 256 << 20  # of one answer: over an hour of speech
_LONGEST_REASON = 300


class HttpBackend(Backend):
    """A back end behind a URL. Needs the extra `http`.

    Parameters
    ----------
    url : str
        Base address, `http://` or `https://`.
    headers : mapping, optional
        Sent with every request.
    transport : httpx.AsyncBaseTransport, optional
        Replaces the network.
    timeout_s : float
        Longest wait for the connection, and for more bytes.

    Raises
    ------
    MissingExtraError
        If httpx is not installed.
    ValueError
        If the address is malformed.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(timeout_s=timeout_s)
        check_type("url", url, str)
        self._httpx = require("httpx", "http")
        if not url.startswith(("http://", "https://")):
            raise ValueError(
                f"give the url of the service as http://... or https://..., not {url!r}"
            )
        self._url = url.rstrip("/")
        self._client: httpx.AsyncClient = _replies.plain_client(
            self._httpx.AsyncClient, headers, timeout=timeout_s, transport=transport
        )

    async def aclose(self) -> None:
        """Close open connections."""
        await self._client.aclose()

    async def _post(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        """Yield the body of the answer as it arrives."""
        url = self._url + path
        with self._errors(url):
            async with self._client.stream("POST", url, json=body) as response:
                if response.status_code != 200:
                    body_ = await _replies.read(response)
                    raise ServiceRefusedError(f"{url}: {_reason(response, body_)}")
                async for data in _replies.raw(response, _MAX_AUDIO_BYTES):
                    yield data

    async def _get_json(self, path: str) -> Any:
        url = self._url + path
        with self._errors(url):
            async with self._client.stream("GET", url) as response:
                body = await _replies.read(response)
        if response.status_code != 200:
            raise ServiceRefusedError(f"{url}: {_reason(response, body)}")
        try:
            return load_json(body)
        except ValueError as error:
            raise ServiceRefusedError(f"{url}: the answer is no JSON: {error}") from error

    @contextmanager
    def _errors(self, url: str) -> Iterator[None]:
        httpx = self._httpx
        try:
            yield
        except httpx.TimeoutException as error:
            raise ServiceTimeoutError(f"{url}: sent nothing for {self.timeout_s:g} s") from error
        except httpx.ConnectError as error:
            raise ServiceUnavailableError(
                f"{url}: no connection: {printable(str(error))}"
            ) from error
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
            raise ServiceTruncatedError(
                f"{url}: the connection broke: {printable(str(error))}"
            ) from error
        except httpx.HTTPError as error:
            raise ServiceRefusedError(f"{url}: {printable(str(error))}") from error


def _reason(response: httpx.Response, body: bytes) -> str:
    """Return status and message, from the fields that services use for it."""
    text = body.decode(errors="replace")
    try:
        document = load_json(text)
        error = document.get("error", document.get("detail", text))
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError):
        pass
    text = printable(" ".join(text.split()))[:_LONGEST_REASON]
    return f"status {response.status_code}: {text or response.reason_phrase}"
