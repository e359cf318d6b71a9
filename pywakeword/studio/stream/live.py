"""A live stream over a WebSocket: audio of the browser, or of a microphone of this machine.

The page sends one `start` message, then int16 PCM in binary messages, and settings at any
time. Each binary message is answered by one `frames` message when it has been computed; the
page keeps a bounded amount of audio on the way. The next message is read only then, so a
server that is too slow, or a page that does not read, holds the other side back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from pywakeword._fields import Fields
from pywakeword.audio.source import PcmBlock
from pywakeword.errors import PyWakewordError
from pywakeword.studio.catalogue import Catalogue, StudioError
from pywakeword.studio.figures import counted_thresholds
from pywakeword.studio.requests import parse_object, read_state, read_thresholds
from pywakeword.studio.stream.analysis import Analyser, Frames
from pywakeword.studio.stream.counting import ThresholdCounter

MAX_MESSAGE_BYTES = 64 * 1024
MAX_STREAMS = 8
_SEND_TIMEOUT_S = 10.0
_POLICY, _TRY_LATER = 1008, 1013

# Opens this machine's microphone: blocks, and a function that returns ERLE in dB or None.
OpenMicrophone = Callable[[ExitStack], "tuple[Iterator[PcmBlock], Callable[[], float | None]]"]


class LiveStreams:
    """Serves live streams, a bounded number at one time.

    Parameters
    ----------
    catalogue : Catalogue
        The models.
    open_microphone : callable
        Opens the microphone of this machine.
    """

    def __init__(self, catalogue: Catalogue, open_microphone: OpenMicrophone) -> None:
        self._catalogue = catalogue
        self._open_microphone = open_microphone
        self._n_streams = 0

    async def serve(self, socket: WebSocket) -> None:
        """Serve one stream until the page leaves."""
        await socket.accept()
        if self._n_streams >= MAX_STREAMS:
            await _fail(socket, f"{MAX_STREAMS} streams are open, which is the most", _TRY_LATER)
            return
        self._n_streams += 1
        try:
            await self._serve(socket)
        except (WebSocketDisconnect, asyncio.TimeoutError):
            pass  # the page has gone, or does not read
        except (PyWakewordError, ValueError, TypeError) as error:
            await _fail(socket, str(error), _POLICY)
        finally:
            self._n_streams -= 1

    async def _serve(self, socket: WebSocket) -> None:
        start = parse_object(await socket.receive_text())
        source = start.string("source", "browser")
        if source not in ("browser", "server"):
            raise StudioError("source must be browser or server")
        entries = self._catalogue.get(start.get("models", list, "a list of ids", []))
        thresholds, state = read_thresholds(start), read_state(start)
        analyser = await asyncio.to_thread(Analyser, entries, thresholds, state)
        stream = _Stream(socket, analyser, sends_audio=source == "server")
        await stream.send({"type": "started", **analyser.describe()})
        if source == "browser":
            await self._read(socket, stream)
            return
        reading = asyncio.ensure_future(self._read(socket, stream))
        recording = asyncio.ensure_future(self._record(stream))
        done, waiting = await asyncio.wait(
            (reading, recording), return_when=asyncio.FIRST_COMPLETED
        )
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for task in done:
            task.result()

    async def _read(self, socket: WebSocket, stream: _Stream) -> None:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            data = message.get("bytes")
            if data is None:
                await stream.apply(parse_object(message.get("text") or ""))
                continue
            if len(data) > MAX_MESSAGE_BYTES or len(data) % 2:
                raise StudioError("audio comes in whole int16 samples, at most 64 KB per message")
            await stream.process(np.frombuffer(data, "<i2").astype(np.int16))

    async def _record(self, stream: _Stream) -> None:
        with ExitStack() as stack:
            blocks, erle = await asyncio.to_thread(self._open_microphone, stack)
            while True:
                block = await asyncio.to_thread(next, blocks, None)
                if block is None:
                    raise StudioError("the microphone has ended")
                await stream.process(block, erle())


class _Stream:
    """One page's stream: computes in a thread, one message at a time."""

    def __init__(self, socket: WebSocket, analyser: Analyser, *, sends_audio: bool) -> None:
        self._socket = socket
        self._analyser = analyser
        self._lock = asyncio.Lock()
        self._counters: dict[str, ThresholdCounter] | None = None
        self._counted_samples = 0
        self._n_detections: dict[str, int] = {}
        self._sends_audio = sends_audio  # the page does not have it

    async def send(self, message: dict[str, Any]) -> None:
        await asyncio.wait_for(self._socket.send_text(json.dumps(message)), _SEND_TIMEOUT_S)

    async def process(self, block: PcmBlock, erle_db: float | None = None) -> None:
        async with self._lock:
            frames = await asyncio.to_thread(self._analyser.process, block)
            message = frames.to_json()
            message["erle"] = None if erle_db is None else round(erle_db, 1)
            if self._counters is not None:
                message["count"] = self._count(frames)
            if self._sends_audio and len(frames.pcm):
                data = frames.pcm.astype("<i2").tobytes()
                await asyncio.wait_for(self._socket.send_bytes(data), _SEND_TIMEOUT_S)
            await self.send(message)

    async def apply(self, fields: Fields) -> None:
        """Carry out a setting."""
        kind = fields.string("type")
        async with self._lock:
            if kind == "state":
                self._analyser.set_state(read_state(fields))
            elif kind == "thresholds":
                await asyncio.to_thread(self._analyser.set_thresholds, read_thresholds(fields))
                words = self._analyser.describe()["words"]
                await self.send({"type": "thresholds", "words": words})
            elif kind == "count":
                self._start_counting(fields)
            else:
                raise StudioError(f"there is no message of the type {kind[:40]!r}")

    def _start_counting(self, fields: Fields) -> None:
        if not fields.boolean("on"):
            self._counters = None
            return
        self._counters, self._counted_samples, self._n_detections = {}, 0, {}
        for lane in self._analyser.lanes:
            spotter = lane.spotter
            card_of = {word: card for card in spotter.cards for word in card.keywords}
            for word in spotter.keywords:
                self._counters[lane.key(word)] = ThresholdCounter(
                    counted_thresholds(card_of[word], word),
                    round(spotter.refractory_s / spotter.frame_shift_s),
                )
                self._n_detections[lane.key(word)] = 0

    def _count(self, frames: Frames) -> dict[str, Any]:
        assert self._counters is not None
        self._counted_samples += len(frames.pcm)
        for event in frames.events:
            if event["kind"] == "detection":
                self._n_detections[event["key"]] += 1
        for key, counter in self._counters.items():
            counter.process(frames.scores[key])
        return {
            "seconds": self._counted_samples / 16000,
            "detections": self._n_detections,
            "counts": {key: counter.counts.tolist() for key, counter in self._counters.items()},
        }


async def _fail(socket: WebSocket, message: str, code: int) -> None:
    try:
        await socket.send_text(json.dumps({"type": "error", "message": message}))
        await socket.close(code)
    except (RuntimeError, WebSocketDisconnect):
        pass  # the page has gone
