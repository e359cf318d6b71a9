"""`RealtimeClient`: a service that speaks OpenAI's realtime protocol over a WebSocket."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pywakeword._async import within
from pywakeword._checks import check_optional, check_timeout, check_type
from pywakeword._extras import require
from pywakeword._fields import load_json, printable
from pywakeword.audio.resample import Resampler
from pywakeword.audio.source import PcmBlock
from pywakeword.errors import (
    ServiceRefusedError,
    ServiceTruncatedError,
    ServiceUnavailableError,
)
from pywakeword.speech_to_speech.protocol import (
    PersonSaid,
    Speech,
    Timing,
    TurnEvent,
    VoiceSaid,
)
from pywakeword.tts.speech import AudioChunk

SERVICE_RATE_HZ = 24_000
_AUDIO = ("response.output_audio.delta", "response.audio.delta")
_TRANSCRIPT = ("response.output_audio_transcript.delta", "response.audio_transcript.delta")
_PERSON = "conversation.item.input_audio_transcription.completed"


@dataclass(frozen=True)
class Tool:
    """A function of the application that the model can call.

    Attributes
    ----------
    description : str
        What it does, for the model.
    parameters : mapping
        JSON schema of its arguments.
    run : async callable of dict to str
        Carries it out; the result goes back to the model.
    """

    description: str
    parameters: Mapping[str, Any]
    run: Callable[[dict[str, Any]], Awaitable[str]]


class RealtimeClient:
    """A `SpeechToSpeech` over the network. Needs the extra `realtime`.

    The client ends the turns, by the endpointer in front of it; the service's own detection of
    turns is switched off.

    Parameters
    ----------
    url : str
        Such as "wss://api.openai.com/v1/realtime?model=gpt-realtime".
    api_key : str, optional
        Sent as a bearer token.
    instructions, voice : str, optional
        For the model.
    tools : mapping of str to Tool
        Functions by name.
    schema : {"nested", "flat"}
        Shape of the session's settings: "nested" as OpenAI's service has it, or "flat" as in the
        protocol's first version, which some compatible servers have kept (it sends OpenAI's
        header for it).
    timeout_s : float
        Longest wait for the connection, and for the next message.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        instructions: str | None = None,
        voice: str | None = None,
        tools: Mapping[str, Tool] | None = None,
        schema: Literal["nested", "flat"] = "nested",
        timeout_s: float = 10.0,
    ) -> None:
        check_type("url", url, str)
        for name, value in (("api_key", api_key), ("instructions", instructions), ("voice", voice)):
            check_optional(name, value, str)
        check_optional("tools", tools, Mapping)
        check_timeout("timeout_s", timeout_s)
        if not url.startswith(("ws://", "wss://")):
            raise ValueError(f"give the url of the service as ws://... or wss://..., not {url!r}")
        require("websockets", "realtime")
        self._connect = require("websockets.asyncio.client", "realtime").connect
        self._closed = require("websockets.exceptions", "realtime").WebSocketException
        self._url = url
        if schema not in ("flat", "nested"):
            raise ValueError(f"schema must be 'flat' or 'nested', got {schema!r}")
        self._headers = {"OpenAI-Beta": "realtime=v1"} if schema == "flat" else {}
        if api_key is not None:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._tools = dict(tools or {})
        self._session = _session(schema, instructions, voice, self._tools)
        self._timeout_s = timeout_s
        self._socket: Any = None
        self._item: str | None = None
        self._responding = self._interrupted = False

    async def respond(self, speech: AsyncIterable[PcmBlock]) -> AsyncGenerator[TurnEvent, None]:
        """Send one turn as it is spoken, and yield the answer as it arrives.

        Raises
        ------
        ServiceError
            If the service cannot be reached, refuses, stops answering or breaks off.
        """
        await self._end_abandoned()
        self._interrupted, self._item = False, None
        await self._open()
        resampler = Resampler(16_000, SERVICE_RATE_HZ)
        async for block in speech:
            await self._send_audio(resampler.process_int16(block))
        await self._send_audio(resampler.finish())
        await self._send("input_audio_buffer.commit")
        await self._send("response.create")
        begin = time.perf_counter()
        self._responding = True
        first = True
        while self._responding:
            message = await self._receive()
            kind = message.get("type")
            if kind == "error" and not _is_late_cancel(message):
                raise ServiceRefusedError(f"{self._url}: {_reason(message)}")
            if kind == "response.done":
                await self._done(message)
            elif kind == _PERSON:
                yield PersonSaid(str(message.get("transcript", "")).strip())
            elif self._interrupted:
                continue  # what was on its way before the service knew
            elif kind in _TRANSCRIPT:
                yield VoiceSaid(str(message.get("delta", "")))
            elif kind in _AUDIO:
                self._item = message.get("item_id", self._item)
                pcm = np.frombuffer(base64.b64decode(message.get("delta", "")), "<i2")
                if first:
                    first = False
                    elapsed = time.perf_counter() - begin
                    yield Timing({"service": elapsed}, elapsed)
                if len(pcm):
                    yield Speech(AudioChunk(pcm.astype(np.int16), SERVICE_RATE_HZ))

    async def interrupt(self, played_s: float) -> None:
        """Let the service stop, and tell it how much of its answer was played."""
        if not self._responding or self._interrupted:
            return
        self._interrupted = True
        await self._send("response.cancel")
        if self._item is not None:
            await self._send(
                "conversation.item.truncate",
                item_id=self._item,
                content_index=0,
                audio_end_ms=round(1000 * played_s),
            )

    async def aclose(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def _done(self, message: dict[str, Any]) -> None:
        """Run the tools that the response called; without any, the turn is over."""
        response = message.get("response", {})
        if response.get("status") == "failed":
            raise ServiceRefusedError(f"{self._url}: {_reason(response.get('status_details', {}))}")
        calls = [i for i in response.get("output", ()) if i.get("type") == "function_call"]
        if not calls or self._interrupted:
            self._responding = False
            return
        for call in calls:
            output = await self._call(call)
            item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
            await self._send("conversation.item.create", item=item)
        await self._send("response.create")

    async def _call(self, call: Mapping[str, Any]) -> str:
        tool = self._tools.get(call.get("name", ""))
        if tool is None:
            return json.dumps({"error": f"no tool {call.get('name')!r}"})
        try:
            return await tool.run(load_json(call.get("arguments") or "{}"))
        except Exception as error:  # the model can say it to the person
            return json.dumps({"error": str(error)})

    async def _end_abandoned(self) -> None:
        """Read to the end of a response whose iteration was given up."""
        if self._socket is None:
            self._responding = False
        if self._responding:
            await self.interrupt(0.0)
            while (await self._receive()).get("type") != "response.done":
                pass
            self._responding = False

    async def _open(self) -> None:
        if self._socket is not None:
            return
        try:
            self._socket = await within(
                self._connect(self._url, additional_headers=self._headers, max_size=1 << 24),
                self._timeout_s,
                f"{self._url}: no connection",
            )
        except (OSError, self._closed) as error:
            raise ServiceUnavailableError(f"{self._url}: no connection: {error}") from error
        await self._send("session.update", session=self._session)

    async def _send_audio(self, pcm: PcmBlock) -> None:
        if len(pcm):
            audio = base64.b64encode(pcm.astype("<i2").tobytes()).decode()
            await self._send("input_audio_buffer.append", audio=audio)

    async def _send(self, kind: str, **fields: Any) -> None:
        try:
            await self._socket.send(json.dumps({"type": kind, **fields}))
        except self._closed as error:
            self._socket = None
            raise ServiceTruncatedError(f"{self._url}: the connection broke: {error}") from error

    async def _receive(self) -> dict[str, Any]:
        what = f"{self._url}: sent nothing"
        try:
            text = await within(self._socket.recv(), self._timeout_s, what)
        except self._closed as error:
            self._socket = None
            raise ServiceTruncatedError(f"{self._url}: the connection broke: {error}") from error
        try:
            message = load_json(text)
        except ValueError as error:
            raise ServiceRefusedError(f"{self._url}: sent no JSON: {error}") from error
        if not isinstance(message, dict):
            raise ServiceRefusedError(f"{self._url}: sent {printable(repr(message))}")
        return message


def _session(
    schema: str, instructions: str | None, voice: str | None, tools: Mapping[str, Tool]
) -> dict[str, Any]:
    transcription = {"model": "whisper-1"}
    session: dict[str, Any] = {
        "modalities": ["audio", "text"],
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": transcription,
        "turn_detection": None,
    }
    output: dict[str, Any] = session
    if schema == "nested":
        pcm = {"type": "audio/pcm", "rate": SERVICE_RATE_HZ}
        heard = {"format": pcm, "transcription": transcription, "turn_detection": None}
        output = {"format": pcm}
        session = {
            "type": "realtime",
            "output_modalities": ["audio"],
            "audio": {"input": heard, "output": output},
        }
    session["tools"] = [
        {
            "type": "function",
            "name": name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
        }
        for name, tool in tools.items()
    ]
    if instructions is not None:
        session["instructions"] = instructions
    if voice is not None:
        output["voice"] = voice
    return session


def _is_late_cancel(message: Mapping[str, Any]) -> bool:
    """Whether the response had ended before its cancellation arrived."""
    return bool(message.get("error", {}).get("code") == "response_cancel_not_active")


def _reason(message: Mapping[str, Any]) -> str:
    error = message.get("error", message)
    return str(error.get("message", error) if isinstance(error, dict) else error)
