"""The WebSocket: a device streams the audio from its wake word to the end of the request.

The client sends the metadata as text, then s16le PCM in binary messages, then
`{"type": "end"}`. The server sends one `verdict`, and `stop_capture` when it needs no more
audio. The reason is "rejected", "end_of_speech", "no_speech", "max_length", or "end" if the
client ended the stream. If the metadata asks for transcripts, `transcript` messages follow the
verdict while speech comes, and a final one follows `stop_capture`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import numpy as np
from fastapi import WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from starlette.types import Message

from pywakeword._fields import load_json
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.errors import VerifierRefusedError, VerifierUnavailableError
from pywakeword.events import End, NoSpeech
from pywakeword.verifier.contract import (
    MAX_AUDIO_BYTES,
    MAX_SNIPPET_SAMPLES,
    Metadata,
    Reply,
    check_length,
    truncated,
)
from pywakeword.verifier.server.logs import log, logger
from pywakeword.verifier.server.service import Service
from pywakeword.verifier.server.transcription.messages import Transcription
from pywakeword.verifier.server.transcription.stream import StreamTranscripts

# A word's last sound may continue after its estimated end.
_AFTER_WORD_SAMPLES = SAMPLE_RATE_HZ // 10
_BEFORE_WORD_SAMPLES = SAMPLE_RATE_HZ // 5  # that a recogniser gets

_POLICY_VIOLATION = 1008
_INTERNAL_ERROR = 1011
_TRY_AGAIN_LATER = 1013


async def serve_stream(service: Service, websocket: WebSocket) -> None:
    """Serve one connection to its end. It is accepted only after all that can refuse it."""
    status, code, close_code = 200, "", 1000
    address = websocket.client.host if websocket.client else ""
    accepted = False
    try:
        service.authorize(websocket.headers.get("authorization"))
        service.check_origin(websocket.headers.get("origin"))
        with service.streams.take(address):
            await websocket.accept()
            accepted = True
            service.metrics.streams.inc()
            try:
                code = await _Stream(service, websocket).run()
            finally:
                service.metrics.streams.dec()
    except VerifierRefusedError as error:
        status, code, close_code, message = error.status, error.code, _POLICY_VIOLATION, str(error)
    except VerifierUnavailableError as error:
        status, code, close_code, message = 503, error.reason, _TRY_AGAIN_LATER, str(error)
    except WebSocketDisconnect:
        status, code = 499, "disconnected"
    except Exception:
        logger.exception("stream failed")
        status, code, close_code = 500, "internal", _INTERNAL_ERROR
        message = "internal error; see the verifier's log"
    service.metrics.requests.labels(str(status), code).inc()
    log("stream", status=status, code=code)
    if status == 499:
        return
    with suppress(WebSocketDisconnect, RuntimeError):  # the client has gone
        if not accepted:
            await _deny(websocket, status, code, message)
            return
        if status != 200:
            error_ = {"type": "error", "status": status, "code": code, "message": message}
            await websocket.send_json(error_)
        await websocket.close(close_code)


async def _deny(websocket: WebSocket, status: int, code: str, message: str) -> None:
    """Answer the upgrade with an error. Servers without that extension of ASGI answer 403."""
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        body = {"error": {"code": code, "message": message}}
        await websocket.send_denial_response(JSONResponse(body, status))
    else:
        await websocket.close(_POLICY_VIOLATION)


class _Stream:
    """The state of one utterance. Audio is kept only until the verdict."""

    def __init__(self, service: Service, websocket: WebSocket) -> None:
        self._service = service
        self._websocket = websocket
        self._max_samples = round(service.max_stream_s * SAMPLE_RATE_HZ)
        self._until_s = time.monotonic() + service.max_stream_s + service.idle_timeout_s
        self._snippet = bytearray()
        self._n_samples = 0
        self._endpointer: Endpointer | None = None
        self._transcripts: StreamTranscripts | None = None

    async def run(self) -> str:
        """Serve the utterance and return the reason for which it ended."""
        try:
            return await self._run()
        finally:
            if self._transcripts is not None:
                await self._transcripts.aclose()

    async def _run(self) -> str:
        metadata = await self._receive_metadata()
        enough = min(metadata.end_sample + _AFTER_WORD_SAMPLES, MAX_SNIPPET_SAMPLES)
        reply: Reply | None = None
        reason = ""
        while not reason:
            audio = await self._receive_audio()
            ended = audio is None
            self._n_samples += len(audio or b"") // 2
            if reply is None:
                self._snippet += audio or b""
                if ended:
                    check_length(metadata, self._n_samples)
                if ended or self._n_samples >= enough:
                    reply = await self._judge(metadata)
                    if reply.verdict.decision == "reject":
                        reason = "rejected"
                    else:
                        self._endpointer = Endpointer(max_utterance_ms=None)
                        if metadata.transcribe:
                            self._transcripts = self._start_transcripts(metadata)
                        reason = self._end_reason(bytes(self._snippet[2 * metadata.end_sample :]))
                    self._snippet.clear()
            else:
                reason = self._end_reason(audio or b"")
            if ended:
                reason = reason or "end"
            elif self._n_samples >= self._max_samples:
                reason = reason or "max_length"
        await self._send("stop_capture", metadata, reason=reason, n_samples=self._n_samples)
        if self._transcripts is not None:
            found = await self._transcripts.finish()
            await self._send("transcript", metadata, final=True, **found.to_json())
        return reason

    def _start_transcripts(self, metadata: Metadata) -> StreamTranscripts:
        async def send(found: Transcription) -> None:
            await self._send("transcript", metadata, final=False, text=found.text)

        begin = max(0, metadata.start_sample - _BEFORE_WORD_SAMPLES)
        word = np.frombuffer(bytes(self._snippet[2 * begin : 2 * metadata.end_sample]), "<i2")
        return StreamTranscripts(
            self._service.transcriber(), send, word, metadata.keyword.replace("_", " ")
        )

    async def _judge(self, metadata: Metadata) -> Reply:
        pcm = np.frombuffer(bytes(self._snippet), "<i2").astype(np.int16, copy=False)
        reply = await self._service.reply(metadata, pcm)
        log("stream_verdict", **reply.to_json())
        await self._send("verdict", metadata, **reply.to_json())
        return reply

    def _end_reason(self, audio: bytes) -> str:
        """Consume audio; return why the utterance ended, or an empty string."""
        assert self._endpointer is not None
        events, probabilities = self._endpointer.process_with_probabilities(audio)
        if self._transcripts is not None:
            self._transcripts.add(np.frombuffer(audio, "<i2"), probabilities)
        for event in events:
            if isinstance(event, End):
                return "end_of_speech"
            if isinstance(event, NoSpeech):
                return "no_speech"
        return ""

    async def _send(self, kind: str, metadata: Metadata, **fields: Any) -> None:
        # Named as in the Alexa Voice Service; relative to the first sample sent.
        indexes = {
            "startIndexInSamples": metadata.start_sample,
            "endIndexInSamples": metadata.end_sample,
        }
        message = {"type": kind, "request_id": metadata.request_id, **fields}
        await self._websocket.send_json({**message, "wakeWordIndices": indexes})

    async def _receive_metadata(self) -> Metadata:
        message = await self._receive(time.monotonic() + self._service.idle_timeout_s)
        text = message.get("text")
        if text is None:
            raise _protocol("the first message must be the metadata, as text")
        metadata = self._service.read_metadata(text)
        if metadata.format.encoding != "s16le":
            raise VerifierRefusedError(415, "bad_format", "a stream must be s16le")
        return metadata

    async def _receive_audio(self) -> bytes | None:
        """Return the next PCM, or None if the client ended the utterance."""
        idle_until_s = time.monotonic() + self._service.idle_timeout_s
        message = await self._receive(idle_until_s)
        while message.get("bytes") == b"":  # is no sign of life
            message = await self._receive(idle_until_s)
        if message.get("text") is not None:
            try:
                kind = load_json(message["text"])["type"]
            except (ValueError, TypeError, KeyError):
                kind = None
            if kind != "end":
                raise _protocol('after the metadata, text must be {"type": "end"}')
            return None
        audio: bytes = message["bytes"]
        if len(audio) > MAX_AUDIO_BYTES:
            raise VerifierRefusedError(
                413, "audio_too_large", f"a message has {len(audio)} bytes of audio"
            )
        if len(audio) % 2:
            raise truncated("a message ends inside a sample: its length is odd")
        return audio

    async def _receive(self, idle_until_s: float) -> Message:
        timeout_s = min(idle_until_s, self._until_s) - time.monotonic()
        try:
            message = await asyncio.wait_for(self._websocket.receive(), max(timeout_s, 0))
        except asyncio.TimeoutError:
            service = self._service
            what = f"no message with audio for {service.idle_timeout_s:g} s"
            if self._until_s < idle_until_s:
                what = f"no end after {service.max_stream_s + service.idle_timeout_s:g} s"
            raise VerifierRefusedError(408, "slow_sender", what) from None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1000)
        return message


def _protocol(message: str) -> VerifierRefusedError:
    return VerifierRefusedError(400, "bad_message", message)
