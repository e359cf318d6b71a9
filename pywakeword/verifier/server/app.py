"""The ASGI application: routes, errors, metrics and logs around a `Service`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from pywakeword._core import __version__
from pywakeword.verifier.contract import (
    MAX_AUDIO_BYTES,
    STREAM_PATH,
    VERIFY_PATH,
    Metadata,
    Reply,
)
from pywakeword.verifier.scorer import Scorer
from pywakeword.verifier.server.batching import Batcher
from pywakeword.verifier.server.http.openapi import describe, schema_of
from pywakeword.verifier.server.http.respond import respond
from pywakeword.verifier.server.http.transcribe import add_route
from pywakeword.verifier.server.metrics import Metrics
from pywakeword.verifier.server.service import Service
from pywakeword.verifier.server.stream import serve_stream
from pywakeword.verifier.server.transcription.batch import Speech, Transcriber
from pywakeword.verifier.server.transcription.messages import Transcription

# A batch takes milliseconds. One that takes longer than this is stuck.
_STUCK_AFTER_S = 10.0

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    scorer: Scorer,
    *,
    transcriber: Transcriber | None = None,
    max_batch: int = 32,
    max_waiting: int = 256,
    **options: Any,
) -> FastAPI:
    """Return the application that scores in this process.

    Parameters
    ----------
    scorer : Scorer
        Usually an `OnnxScorer`.
    transcriber : Transcriber, optional
        Makes transcripts. Default: there are none.
    max_batch, max_waiting : int
        Most requests per batch, and most that wait for one.
    **options
        Options of `Service`: tokens, retention, body_timeout_s, idle_timeout_s, max_stream_s.
    """
    metrics = Metrics()
    limits = {"max_batch": max_batch, "max_waiting": max_waiting}
    verdicts = Batcher(scorer.score, observe_batch=metrics.batch_size.observe, **limits)
    metrics.watch_queue(lambda: verdicts.n_waiting)
    transcripts: Batcher[Speech, Transcription] | None = None
    if transcriber is not None:
        transcripts = Batcher(
            transcriber.transcribe, observe_batch=metrics.transcript_batch_size.observe, **limits
        )
    batchers = [b for b in (verdicts, transcripts) if b is not None]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        for batcher in batchers:
            await batcher.aclose()

    service = Service(
        score=verdicts.run,
        transcribe=None if transcripts is None else transcripts.run,
        keywords=scorer.keywords,
        metrics=metrics,
        stuck_s=lambda: max(batcher.stuck_s() for batcher in batchers),
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

    @app.post(VERIFY_PATH, openapi_extra=_openapi(), response_class=Response)
    async def verify(request: Request) -> Response:
        """Confirm or reject a wake word candidate."""
        return await respond(
            service,
            request,
            "verify",
            lambda metadata, audio, record: _answer(service, metadata, audio, record),
            slots=service.requests,
            max_audio_bytes=MAX_AUDIO_BYTES,
        )

    add_route(app, service)

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


async def _answer(
    service: Service, metadata_bytes: bytes, audio: bytes, record: dict[str, Any]
) -> dict[str, Any]:
    metadata = service.read_metadata(metadata_bytes)
    record.update(_describe(metadata), audio_bytes=len(audio))
    reply = await service.verify(metadata, audio, metadata_bytes + audio)
    record["decision"], record["score"] = reply.verdict.decision, reply.verdict.score
    return reply.to_json()


def _describe(metadata: Metadata) -> dict[str, Any]:
    """Return the fields of a request that may be logged."""
    return {
        "request_id": metadata.request_id,
        "keyword": metadata.keyword,
        "device_score": metadata.score,
        "device_state": asdict(metadata.device_state),
        "encoding": metadata.format.encoding,
    }


def _openapi() -> dict[str, Any]:
    reply = schema_of(Reply)
    verdict = reply["properties"].pop("verdict")
    reply["properties"].update(verdict["properties"])
    reply["required"] = [*reply["properties"]]
    return describe(Metadata, reply, "The verdict")
