"""Answers a request: authorization, limits, errors, metrics and the log line."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from pywakeword.errors import VerifierRefusedError, VerifierUnavailableError
from pywakeword.verifier.server.http.body import (
    check_framing,
    find_boundary,
    max_body_bytes,
    read_body,
    split_parts,
)
from pywakeword.verifier.server.logs import log, logger
from pywakeword.verifier.server.service import Service
from pywakeword.verifier.server.slots import Slots

# From the parts `metadata` and `audio` to the reply. Fields for the log go into the dict.
Answer = Callable[[bytes, bytes, dict[str, Any]], Awaitable[dict[str, Any]]]


async def respond(
    service: Service,
    request: Request,
    event: str,
    answer: Answer,
    *,
    slots: Slots,
    max_audio_bytes: int,
) -> JSONResponse:
    """Read the two parts of a request and return what `answer` makes of them, or the error."""
    started_s = time.monotonic()
    record: dict[str, Any] = {}
    headers = {}
    try:
        service.authorize(request.headers.get("authorization"))
        with slots.take(request.client.host if request.client else ""):
            metadata, audio = await _parts(service, request, max_body_bytes(max_audio_bytes))
            status, code, body = 200, "", await answer(metadata, audio, record)
    except VerifierRefusedError as error:
        status, code, body = error.status, error.code, _error_body(error.code, str(error))
        if status in (408, 413) or code == "bad_framing":  # the rest of the body is not read
            headers["connection"] = "close"
    except VerifierUnavailableError as error:
        status, code, body = 503, error.reason, _error_body(error.reason, str(error))
        headers["retry-after"] = "1"
    except ClientDisconnect:
        status, code, body = 499, "disconnected", {}  # the client has gone
    except Exception:
        logger.exception("%s failed", event, extra={"fields": record})
        status, code = 500, "internal"
        body = _error_body(code, "internal error; see the verifier's log")
    seconds = time.monotonic() - started_s
    service.metrics.requests.labels(str(status), code).inc()
    service.metrics.seconds.observe(seconds)
    log(event, status=status, code=code, ms=round(1000 * seconds, 2), **record)
    return JSONResponse(body, status, headers)


async def _parts(service: Service, request: Request, max_bytes: int) -> tuple[bytes, bytes]:
    check_framing(request.headers, max_bytes)
    boundary = find_boundary(request.headers.get("content-type"))
    body = await read_body(request.stream(), timeout_s=service.body_timeout_s, max_bytes=max_bytes)
    return split_parts(body, boundary)


def _error_body(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
