"""A server of the OpenAI realtime protocol on a local port, which checks what clients send.

It answers each turn with one second of tone, in pieces of 100 ms at the pace of speech, and
says how long the turn was. A turn that is shorter than 0.3 s makes it call the tool "lamp" first.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection, serve

RATE_HZ = 24_000
FIRST_S = 0.05


class RealtimeServer:
    """`async with RealtimeServer() as server`; `server.url` is its address."""

    def __init__(self, misbehave: str = "", pace_s: float = 0.02) -> None:
        self.misbehave = misbehave
        self.pace_s = pace_s
        self.received: list[dict[str, Any]] = []
        self.sent_audio_ms = 0
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> RealtimeServer:
        self._server = await serve(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/v1/realtime?model=tone"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.received]

    async def _serve(self, socket: ServerConnection) -> None:
        self.headers = {name.lower(): v for name, v in socket.request.headers.raw_items()}
        self._session: dict[str, Any] = {}
        self._audio = b""
        self._output: str | None = None
        await self._send(socket, "session.created", session={})
        response: asyncio.Task[None] | None = None
        async for text in socket:
            message = json.loads(text)
            self.received.append(message)
            kind = message["type"]
            if kind == "session.update":
                flat = message["session"].get("input_audio_format") == "pcm16"
                assert flat == ("openai-beta" in self.headers)
                assert flat or message["session"]["audio"]["input"]["format"]["rate"] == RATE_HZ
                self._session = message["session"]
                await self._send(socket, "session.updated", session=self._session)
            elif kind == "input_audio_buffer.append":
                self._audio += base64.b64decode(message["audio"], validate=True)
            elif kind == "input_audio_buffer.commit":
                assert len(self._audio) % 2 == 0
                await self._send(socket, "input_audio_buffer.committed", item_id="in")
            elif kind == "conversation.item.create":
                assert message["item"]["type"] == "function_call_output"
                self._output = message["item"]["output"]
            elif kind == "response.create":
                response = asyncio.ensure_future(self._respond(socket))
            elif kind == "response.cancel":
                if response is None or response.done():
                    error = {"code": "response_cancel_not_active", "message": "no response"}
                    await self._send(socket, "error", error=error)
                    continue
                response.cancel()
                self._audio = b""
                await self._send(
                    socket, "response.done", response={"status": "cancelled", "output": []}
                )
            else:
                assert kind == "conversation.item.truncate", kind

    async def _respond(self, socket: ServerConnection) -> None:
        seconds = len(self._audio) / 2 / RATE_HZ
        await self._send(socket, "response.created", response={})
        if self.misbehave == "error":
            await self._send(socket, "error", error={"code": "x", "message": "no more credit"})
            return
        if self.misbehave == "hang":
            return
        if self.misbehave == "break":
            await socket.close()
            return
        if self._output is None:
            await self._send(
                socket,
                "conversation.item.input_audio_transcription.completed",
                item_id="in",
                transcript=f"{seconds:.1f} seconds",
            )
        if seconds < 0.3 and self._output is None:
            call = {"type": "function_call", "name": "lamp", "call_id": "c1"}
            call["arguments"] = json.dumps({"on": True})
            await self._send(
                socket, "response.done", response={"status": "completed", "output": [call]}
            )
            return
        await asyncio.sleep(FIRST_S)
        said = self._output or f"You spoke for {seconds:.1f} seconds."
        await self._send(
            socket, "response.output_audio_transcript.delta", item_id="out", delta=said
        )
        tone = np.full(RATE_HZ // 10, 4000, "<i2").tobytes()
        for _ in range(10):
            delta = base64.b64encode(tone).decode()
            await self._send(socket, "response.output_audio.delta", item_id="out", delta=delta)
            self.sent_audio_ms += 100
            await asyncio.sleep(self.pace_s)
        await self._send(socket, "response.done", response={"status": "completed", "output": []})
        self._audio, self._output = b"", None

    async def _send(self, socket: ServerConnection, kind: str, **fields: Any) -> None:
        await socket.send(json.dumps({"type": kind, "event_id": "e", **fields}))
