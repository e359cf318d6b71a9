"""The service's voice activity and its speech."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("wyoming.client", reason="needs the extra 'wyoming'")

from helpers.command_line import error_line
from helpers.sounds import COMPUTER, RATE, REQUEST, floor, spoken
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeVoice
from wyoming.vad import VoiceStarted, VoiceStopped
from wyoming.wake import Detect

from pywakeword import Endpointer, EndpointRule, WakeWord
from pywakeword.errors import ServiceTimeoutError
from pywakeword.tts import AudioChunk as SpokenChunk
from pywakeword.tts import Backend, Ssml, TtsClient, Voice, WyomingBackend
from pywakeword.wyoming import SpeechOffer, WakeService

FORM = {"rate": RATE, "width": 2, "channels": 1}


class Tones(Backend):
    """A sample per character, at 8000 Hz."""

    name = "tones"
    ssml_elements = frozenset({"break"})

    def __init__(self) -> None:
        super().__init__()
        self.spoken: list[str] = []
        self.closed = 0
        self.endless = False

    async def speak(self, text: str, voice: Any, prosody: Any) -> AsyncGenerator[SpokenChunk, None]:
        self.spoken.append(text)
        try:
            if "fail" in text:
                raise ServiceTimeoutError("the voice\nis silent")
            while True:
                for begin in range(0, len(text), 3000):
                    pcm = np.arange(begin, min(begin + 3000, len(text))).astype(np.int16)
                    yield SpokenChunk(pcm, 8000)
                if not self.endless:
                    return
        finally:
            self.closed += 1


def serve(
    work: Callable[[AsyncTcpClient], Awaitable[None]],
    backend: Backend | None = None,
    *,
    voice: Voice | None = None,
    endpointer: Callable[[], Endpointer] | None = None,
) -> None:
    async def run() -> None:
        speech = None if backend is None else SpeechOffer(TtsClient(backend), voice)
        service = WakeService(
            lambda: WakeWord("computer"),
            "tcp://127.0.0.1:0",
            speech=speech,
            make_endpointer=endpointer,
        )
        async with service:
            port = int(service.uri.rpartition(":")[2])
            async with AsyncTcpClient("127.0.0.1", port, read_timeout=20) as client:
                await work(client)

    asyncio.run(run())


async def spoken_by(client: AsyncTcpClient, request: Synthesize) -> tuple[AudioStart, np.ndarray]:
    await client.write_event(request.event())
    start = AudioStart.from_event(await client.read_event())
    parts = []
    while not AudioStop.is_type((event := await client.read_event()).type):
        chunk = AudioChunk.from_event(event)
        assert chunk.timestamp == sum(map(len, parts)) // 2 * 1000 // chunk.rate
        parts.append(chunk.audio)
    return start, np.frombuffer(b"".join(parts), np.int16)


def test_speech() -> None:
    backend = Tones()

    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Describe().event())
        info = Info.from_event(await client.read_event())
        (program,) = info.tts
        assert [(v.name, v.languages) for v in program.voices] == [("tones", ["en"])]
        assert not program.supports_synthesize_streaming
        assert [model.name for model in info.wake[0].models] == ["computer"]
        for voice in (None, SynthesizeVoice("tones"), SynthesizeVoice(language="en_GB")):
            start, pcm = await spoken_by(client, Synthesize("x" * 7000, voice))
            assert (start.rate, start.width, start.channels) == (8000, 2, 1)
            np.testing.assert_array_equal(pcm, np.arange(7000).astype(np.int16))
        await spoken_by(
            client, Synthesize('<speak>a<break time="1s"/><b>c</b></speak>', None, "ssml")
        )
        assert isinstance(backend.spoken[-1], Ssml)
        assert "<b>" not in backend.spoken[-1]
        assert "<break" in backend.spoken[-1]

    serve(work, backend)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"text": ""}, "nothing to say"),
        ({}, "text"),
        ({"text": 5}, "the text must be a string"),
        ({"text": "x" * 10_001}, "at most 10000"),
        ({"text": "x", "voice": {"name": "other"}}, "no voice 'other'; there is tones"),
        ({"text": "x", "voice": {"language": "de"}}, "no voice for the language 'de'"),
        ({"text": "x", "voice": 3}, ""),
        ({"text": "x", "text_format": "html"}, "text_format"),
        ({"text": "fail"}, "the voice\\nis silent"),
    ],
)
def test_refusals_that_keep_the_connection(data: dict[str, Any], reason: str) -> None:
    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Event("synthesize", data))
        event = await client.read_event()
        assert event.type == "error"
        assert reason in event.data["text"]
        assert event.data["code"] == "synthesis-failed"
        _, pcm = await spoken_by(client, Synthesize("xyz"))
        assert len(pcm) == 3

    serve(work, Tones())


def test_a_client_that_goes_away_stops_the_voice() -> None:
    backend = Tones()
    backend.endless = True

    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Synthesize("x" * 9000).event())
        await client.read_event()
        await client.disconnect()
        for _ in range(200):
            if backend.closed:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("it still speaks")

    serve(work, backend)


def test_our_own_client_speaks_through_it() -> None:
    async def run() -> None:
        offer = SpeechOffer(TtsClient(Tones()), Voice("bell", "de"))
        service = WakeService(lambda: WakeWord("computer"), "tcp://127.0.0.1:0", speech=offer)
        async with service, TtsClient(WyomingBackend(service.uri)) as client:
            parts = [c.pcm async for c in client.synthesize("x" * 5000, Voice("bell"))]
            assert sum(map(len, parts)) == 5000

    asyncio.run(run())


def endpointer() -> Endpointer:
    rules = (EndpointRule("silence", min_trailing_silence_ms=500),)
    return Endpointer(rules=rules, no_speech_timeout_ms=None, max_utterance_ms=None)


@pytest.mark.parametrize("step", [160, 1600, 16000])
def test_voice_activity(step: int) -> None:
    pcm = np.concatenate([spoken("computer"), floor(2)])

    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Detect(["computer"]).event())
        await client.write_event(AudioStart(**FORM, timestamp=10_000).event())
        for begin in range(0, len(pcm), step):
            audio = pcm[begin : begin + step].tobytes()
            await client.write_event(AudioChunk(audio=audio, **FORM).event())
        await client.write_event(AudioStop().event())
        await client.write_event(Describe().event())
        events = []
        while not Info.is_type((event := await client.read_event()).type):
            events.append(event)
        assert [event.type for event in events if event.type != "detection"] == [
            *("voice-started", "voice-stopped"),  # the word
            *("voice-started", "voice-stopped"),  # the request
        ]
        assert [event.type for event in events].count("detection") == 1
        times = [
            VoiceStarted.from_event(event).timestamp
            if VoiceStarted.is_type(event.type)
            else VoiceStopped.from_event(event).timestamp
            for event in events
            if event.type != "detection"
        ]
        wanted = [10_000 + at * 1000 / RATE for at in (*COMPUTER, *REQUEST)]
        assert times == pytest.approx(wanted, abs=150)

    serve(work, endpointer=endpointer)


def test_without_the_options_there_is_neither() -> None:
    async def work(client: AsyncTcpClient) -> None:
        await client.write_event(Synthesize("hello").event())
        await client.write_event(Describe().event())
        info = Info.from_event(await client.read_event())
        assert info.tts == []

    serve(work)


def test_options(capsys: pytest.CaptureFixture[str]) -> None:
    serve_command = ["wyoming", "serve", "--model", "computer", "--uri", "tcp://127.0.0.1:0"]
    assert "needs --vad" in error_line(capsys, *serve_command, "--silence-ms", 500)
    assert "needs --tts" in error_line(capsys, *serve_command, "--voice", "slt")
