"""`POST /v1/transcribe`: speech in, its transcript out."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from fastapi import FastAPI, Request, Response

from pywakeword.verifier.codec import decode_audio
from pywakeword.verifier.server.http.openapi import describe, schema_of
from pywakeword.verifier.server.http.respond import respond
from pywakeword.verifier.server.service import Service
from pywakeword.verifier.server.transcription.batch import Speech
from pywakeword.verifier.server.transcription.messages import (
    MAX_SPEECH_BYTES,
    MAX_SPEECH_SAMPLES,
    TRANSCRIBE_PATH,
    SpeechMetadata,
    Transcription,
    parse_speech_metadata,
)


def add_route(app: FastAPI, service: Service) -> None:
    """Add the route to an application."""

    @app.post(TRANSCRIBE_PATH, openapi_extra=_openapi(), response_class=Response)
    async def transcribe(request: Request) -> Response:
        """Transcribe speech of at most 28 s."""
        return await respond(
            service,
            request,
            "transcribe",
            lambda metadata, audio, record: _answer(service, metadata, audio, record),
            slots=service.transcriptions,
            max_audio_bytes=MAX_SPEECH_BYTES,
        )


async def _answer(
    service: Service, metadata_bytes: bytes, audio: bytes, record: dict[str, Any]
) -> dict[str, Any]:
    metadata = parse_speech_metadata(metadata_bytes)
    record.update(
        request_id=metadata.request_id, encoding=metadata.format.encoding, audio_bytes=len(audio)
    )
    transcribe = service.transcriber()
    started_s = time.monotonic()
    pcm = await asyncio.get_running_loop().run_in_executor(
        None, decode_audio, metadata.format, audio, MAX_SPEECH_SAMPLES
    )
    decode_ms = round(1000 * (time.monotonic() - started_s), 3)
    found = await transcribe(Speech(pcm, metadata.wake_word))
    timings = {"decode": decode_ms, **found.timings_ms}
    timings["total"] = round(sum(timings.values()), 3)
    found = replace(found, timings_ms=timings)
    return {"request_id": metadata.request_id, **found.to_json()}


def _openapi() -> dict[str, Any]:
    reply = schema_of(Transcription)
    text = {"type": "string"}
    reply["properties"] = {"request_id": text, "text": text, **reply["properties"]}
    reply["required"] = [*reply["properties"]]
    return describe(SpeechMetadata, reply, "The transcript")
