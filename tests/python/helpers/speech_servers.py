"""Text-to-speech services that speak their protocols for real, and fail when told to.

The text says what happens: REFUSE, HANG (before any audio), STALL (after some), BREAK
(off in the middle) and LONG (never ends by itself). Any other text gives `samples`.
`released` is set when a client has let go of an answer that was not over.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RATE_HZ = 16_000
CHUNK = 800


def samples(text: str) -> np.ndarray:
    """The "speech" of a text: 50 ms a character, and different for each."""
    return np.resize(
        np.frombuffer(text.encode() or b" ", np.uint8).astype(np.int16), 800 * len(text)
    )


def wav_header(n_bytes: int) -> bytes:
    return (
        b"RIFF"
        + struct.pack("<I", min(0xFFFFFFFF, n_bytes + 36))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
        + b"data"
        + struct.pack("<I", n_bytes)
    )


class Service:
    """A server for one protocol; `async with` starts it on a free port."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.texts: list[str] = []
        self.requests: list[dict] = []
        self.samples: Callable[[str], np.ndarray] = samples  # or a voice
        self._tasks: set[asyncio.Task] = set()

    async def __aenter__(self) -> Any:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.released.set()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def hang(self, reader: asyncio.StreamReader) -> None:
        """Do nothing until the client is gone."""
        while await reader.read(65536):
            pass
        self.released.set()

    async def pieces(self, text: str, reader: asyncio.StreamReader):
        """Yield the audio of `text`, or the part of it that goes out; None says "break off"."""
        pcm = await asyncio.to_thread(self.samples, text)
        if "STALL" in text or "BREAK" in text:
            pcm = pcm[: len(pcm) // CHUNK // 2 * CHUNK]
        if "HANG" in text:
            await self.hang(reader)
            pcm = pcm[:0]
        for begin in range(0, len(pcm), CHUNK):
            yield pcm[begin : begin + CHUNK].astype("<i2").tobytes()
        if "STALL" in text:
            await self.hang(reader)
        while "LONG" in text:
            yield bytes(2 * CHUNK)
            await asyncio.sleep(0.01)
        if "BREAK" in text:
            await asyncio.sleep(0.1)  # or the client's system would drop what it has not read
            yield None


class WyomingService(Service):
    """The reference package's events over TCP; `streams` says whether it takes text in pieces."""

    def __init__(self, *, streams: bool) -> None:
        super().__init__()
        self.streams = streams

    async def serve(self, reader, writer) -> None:
        from wyoming.error import Error
        from wyoming.event import async_read_event, async_write_event
        from wyoming.info import Attribution, Describe, Info, TtsProgram, TtsVoice
        from wyoming.tts import (
            Synthesize,
            SynthesizeChunk,
            SynthesizeStart,
            SynthesizeStop,
            SynthesizeStopped,
        )

        by = Attribution("tests", "http://localhost")
        voice = TtsVoice("slt", by, True, "a voice", "1", ["en"])
        program = TtsProgram("test", by, True, "for tests", "1", [voice], self.streams)
        streaming = False
        while event := await async_read_event(reader):
            self.requests.append({"type": event.type, **event.data})
            if Describe.is_type(event.type):
                await async_write_event(Info(tts=[program]).event(), writer)
            elif SynthesizeStart.is_type(event.type):
                streaming = True
            elif SynthesizeStop.is_type(event.type):
                await async_write_event(SynthesizeStopped().event(), writer)
                streaming = False
            elif SynthesizeChunk.is_type(event.type) or (
                Synthesize.is_type(event.type) and not streaming
            ):
                text = event.data["text"]
                self.texts.append(text)
                if "REFUSE" in text:
                    await async_write_event(Error("no such voice", "voice").event(), writer)
                    return
                if not await self.speak(text, reader, writer):
                    return

    async def speak(self, text: str, reader, writer) -> bool:
        from wyoming.audio import AudioChunk, AudioStart, AudioStop
        from wyoming.event import async_write_event

        form = {"rate": RATE_HZ, "width": 2, "channels": 1}
        await async_write_event(AudioStart(**form).event(), writer)
        async for piece in self.pieces(text, reader):
            if piece is None:
                return False
            await async_write_event(AudioChunk(audio=piece, **form).event(), writer)
        await async_write_event(AudioStop().event(), writer)
        return True


class SpeechToTextService(Service):
    """A Wyoming recogniser that answers with the length of the speech, or with `says`."""

    """Answers with the length of the speech in tenths of a second, or as `says` tells."""

    says: str | None = None

    async def serve(self, reader, writer) -> None:
        from wyoming.asr import Transcript
        from wyoming.event import async_read_event, async_write_event

        n_bytes = 0
        while event := await async_read_event(reader):
            n_bytes += len(event.payload or b"")
            self.texts.append(event.type)
            if event.type == "audio-stop":
                if self.says == "BREAK":
                    return
                text = f"{n_bytes // 3200} tenths" if self.says is None else self.says
                await async_write_event(Transcript(text).event(), writer)


class HttpService(Service):
    """HTTP/1.1 by hand, to be able to break off anywhere."""

    async def answer(self, path, body, reader, writer) -> None:
        raise NotImplementedError

    async def serve(self, reader, writer) -> None:
        while request := await self._read_request(reader):
            path, body = request
            self.requests.append({"path": path, **body})
            await self.answer(path, body, reader, writer)

    async def _read_request(self, reader):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        except asyncio.IncompleteReadError:
            return None
        fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        self.headers = fields
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        return head[0].split()[1], json.loads(body or b"{}")

    async def reply(self, writer, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()


class OpenAIService(HttpService):
    async def answer(self, path: str, body: dict, reader, writer) -> None:
        text = body.get("input", "")
        self.texts.append(text)
        if path != "/v1/audio/speech" or "REFUSE" in text:
            message = {"message": "no such voice", "type": "invalid_request_error"}
            await self.reply(writer, 400, {"error": message})
            return
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        async for piece in self.pieces(text, reader):
            if piece is None:
                writer.close()
                return
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


class PiperService(HttpService):
    async def answer(self, path: str, body: dict, reader, writer) -> None:
        if path == "/voices":
            await self.reply(writer, 200, {"slt": {}})
            return
        text = body.get("text", "")
        self.texts.append(text)
        if "REFUSE" in text:
            await self.reply(writer, 500, {"detail": "no such voice"})
            return
        speech = await asyncio.to_thread(self.samples, text)
        n_bytes = 10**9 if "LONG" in text else 2 * len(speech)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {n_bytes + 44}\r\n\r\n".encode())
        first = wav_header(n_bytes)
        async for piece in self.pieces(text, reader):
            if piece is None:
                writer.close()
                return
            writer.write(first + piece)
            first = b""
            await writer.drain()


PROGRAM = """
import os, signal, struct, sys, time
sys.path.insert(0, {here!r})
text = sys.stdin.read()
open({log!r}, "a").write(f"{{os.getpid()}} {{text}}\\n")
if "REFUSE" in text:
    sys.exit("no such voice")
if "HANG" in text:
    time.sleep(60)
def pcm(text):
    raw = text.encode()
    return b"".join(bytes([raw[i % len(raw)], 0]) for i in range(800 * len(raw)))
out = sys.stdout.buffer
out.write({header!r})
data = pcm(text)
if "STALL" in text or "BREAK" in text:
    data = data[: len(data) // 3200 * 1600]
out.write(data)
out.flush()
if "STALL" in text:
    time.sleep(60)
while "LONG" in text:
    out.write(bytes(1600))
    out.flush()
    time.sleep(0.01)
if "BREAK" in text:
    os.kill(os.getpid(), signal.SIGKILL)
"""


class ProgramService:
    """Not a server but a program that takes espeak-ng's place."""

    def __init__(self, directory: Path) -> None:
        self.log = directory / "log"
        self.log.touch()
        self.program = directory / "espeak-ng"
        code = PROGRAM.format(here=str(directory), log=str(self.log), header=wav_header(0x7FFFF000))
        self.program.write_text(f"#!{sys.executable} -SE\n{code}")
        self.program.chmod(0o755)
        self.released = self

    async def __aenter__(self) -> ProgramService:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    @property
    def texts(self) -> list[str]:
        return [line.split(" ", 1)[1] for line in self.log.read_text().splitlines()]

    async def wait(self) -> None:
        """Until no process is left."""
        for pid in (line.split()[0] for line in self.log.read_text().splitlines()):
            while Path(f"/proc/{pid}").exists():  # noqa: ASYNC110, ASYNC240
                await asyncio.sleep(0.005)
