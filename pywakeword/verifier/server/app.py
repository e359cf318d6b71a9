"""The ASGI application: routes, errors, metrics and logs around a `Service`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import TypeAdapter
from starlette.requests import ClientDisconnect

from pywakeword._core import __version__
from pywakeword.errors import VerifierRefusedError, VerifierUnavailableError
from pywakeword.verifier.contract import STREAM_PATH, VERIFY_PATH, Metadata, Reply
from pywakeword.verifier.scorer import Scorer
from pywakeword.verifier.server.batching import Batcher
from pywakeword.verifier.server.body import (
    check_framing,
    find_boundary,
    read_body,
    split_parts,
)
from pywakeword.verifier.server.logs import log, logger
from pywakeword.verifier.server.metrics import Metrics
from pywakeword.verifier.server.service import Service
from pywakeword.verifier.server.stream import serve_stream

# A batch takes milliseconds. One that takes longer than this is stuck.
_STUCK_AFTER_S = 10.0

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    scorer: Scorer, *, max_batch: int = 32, max_waiting: int = 256, **options: Any
) -> FastAPI:
    """Return the application that scores in this process.

    Parameters
    ----------
    scorer : Scorer
        Usually an `OnnxScorer`.
    max_batch, max_waiting : int
        Most snippets per batch, and most that wait for one.
    **options
        Options of `Service`: tokens, retention, body_timeout_s, idle_timeout_s, max_stream_s.
    """
    metrics = Metrics()
    batcher = Batcher(
        scorer,
        max_batch=max_batch,
        max_waiting=max_waiting,
        observe_batch=metrics.batch_size.observe,
    )
    metrics.watch_queue(lambda: batcher.n_waiting)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await batcher.aclose()

    service = Service(
        score=batcher.score,
        keywords=scorer.keywords,
        metrics=metrics,
        stuck_s=batcher.stuck_s,
        **options,
    )
    return build_app(service, lifespan)


def build_app(service: Service, lifespan: Lifespan | None = None) -> FastAPI:
    """Return the application with the routes of a service."""
    app = FastAPI(
        title="pywakeword verifier",
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,  # such a redirect would lead to the request's Host
    )

    @app.post(VERIFY_PATH, openapi_extra=_VERIFY_OPENAPI, response_class=Response)
    async def verify(request: Request) -> Response:
        """Confirm or reject a wake word candidate."""
        return await _verify(service, request)

    @app.get("/healthz")
    async def healthz() -> Response:
        """Report whether the scorer works, and the keywords that it serves."""
        if service.stuck_s() > _STUCK_AFTER_S:
            return JSONResponse({"status": "stuck"}, 503)
        return JSONResponse({"status": "ok", "keywords": sorted(service.keywords)})

    @app.get("/metrics")
    async def metrics() -> Response:
        """Return counters for Prometheus."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    @app.websocket(STREAM_PATH)
    async def stream(websocket: WebSocket) -> None:
        await serve_stream(service, websocket)

    return app


async def _verify(service: Service, request: Request) -> Response:
    started_s = time.monotonic()
    record: dict[str, Any] = {}
    headers = {}
    try:
        reply = await _answer(service, request, record)
        status, code, body = 200, "", reply.to_json()
        record["decision"], record["score"] = reply.verdict.decision, reply.verdict.score
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
        logger.exception("verify failed", extra={"fields": record})
        status, code = 500, "internal"
        body = _error_body(code, "internal error; see the verifier's log")
    seconds = time.monotonic() - started_s
    service.metrics.requests.labels(str(status), code).inc()
    service.metrics.seconds.observe(seconds)
    log("verify", status=status, code=code, ms=round(1000 * seconds, 2), **record)
    return JSONResponse(body, status, headers)


async def _answer(service: Service, request: Request, record: dict[str, Any]) -> Reply:
    service.authorize(request.headers.get("authorization"))
    with service.requests.take(request.client.host if request.client else ""):
        return await _answer_authorized(service, request, record)


async def _answer_authorized(service: Service, request: Request, record: dict[str, Any]) -> Reply:
    check_framing(request.headers)
    boundary = find_boundary(request.headers.get("content-type"))
    body = await read_body(request.stream(), timeout_s=service.body_timeout_s)
    metadata_bytes, audio = split_parts(body, boundary)
    metadata = service.read_metadata(metadata_bytes)
    record.update(_describe(metadata), audio_bytes=len(audio))
    return await service.verify(metadata, audio, metadata_bytes + audio)


def _describe(metadata: Metadata) -> dict[str, Any]:
    """Return the fields of a request that may be logged."""
    return {
        "request_id": metadata.request_id,
        "keyword": metadata.keyword,
        "device_score": metadata.score,
        "device_state": asdict(metadata.device_state),
        "encoding": metadata.format.encoding,
    }


def _error_body(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def _schema(kind: type) -> dict[str, Any]:
    schema = TypeAdapter(kind).json_schema(ref_template="#/x/{model}")
    definitions = schema.pop("$defs", {})
    return dict(_inline(schema, definitions))


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    """Replace references by their definitions, so that the schema stands alone."""
    if isinstance(node, dict):
        if "$ref" in node:
            return _inline(definitions[node["$ref"].rpartition("/")[2]], definitions)
        return {key: _inline(value, definitions) for key, value in node.items() if key != "default"}
    return [_inline(item, definitions) for item in node] if isinstance(node, list) else node


def _error_response(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }


def _reply_schema() -> dict[str, Any]:
    schema = _schema(Reply)
    verdict = schema["properties"].pop("verdict")
    schema["properties"].update(verdict["properties"])
    schema["required"] = [*schema["properties"]]
    return schema


_VERIFY_OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["metadata", "audio"],
                    "properties": {
                        "metadata": _schema(Metadata),
                        "audio": {"type": "string", "format": "binary"},
                    },
                },
                "encoding": {
                    "metadata": {"contentType": "application/json"},
                    "audio": {"contentType": "audio/l16, audio/ogg"},
                },
            }
        },
    },
    "responses": {
        "200": {
            "description": "The verdict",
            "content": {"application/json": {"schema": _reply_schema()}},
        },
        "4XX": _error_response("The request is at fault: error.code and error.message"),
        "503": _error_response("Too many requests are waiting; retry after Retry-After seconds"),
    },
}
