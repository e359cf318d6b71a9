"""Speech to speech: the cascade, and a client of the realtime protocol against a real server."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

pytest.importorskip("websockets", reason="needs the extra 'realtime'")
pytest.importorskip("soxr", reason="needs the extra 'audio'")

from helpers.realtime_server import FIRST_S, RealtimeServer

from pywakeword import (
    ServiceRefusedError,
    ServiceTimeoutError,
    ServiceTruncatedError,
    ServiceUnavailableError,
)
from pywakeword.speech_to_speech import (
    Cascade,
    PersonSaid,
    RealtimeClient,
    Speech,
    Timing,
    Tool,
    VoiceSaid,
)
from pywakeword.tts import AudioChunk, Backend, Director, ProsodyMirror, TtsClient

LONG_S = 60.0


async def speech(seconds: float = 1.0):
    pcm = np.random.default_rng(1).normal(0, 3000, round(seconds * 16_000)).astype(np.int16)
    for begin in range(0, len(pcm), 320):
        yield pcm[begin : begin + 320]


async def collect(events) -> list:
    return [event async for event in events]


def seconds_of(events: list) -> float:
    return sum(len(e.chunk.pcm) / e.chunk.sample_rate_hz for e in events if isinstance(e, Speech))


def said(events: list) -> str:
    return "".join(e.text for e in events if isinstance(e, VoiceSaid))


class Words(Backend):
    """0.1 s per word, and a list of what was spoken."""

    name = "words"
    prosody_fields = frozenset({"rate", "pitch"})
    by_segments = True

    def __init__(self) -> None:
        super().__init__()
        self.spoken: list[str] = []

    async def speak(self, text, voice, prosody):
        self.spoken.append(text)
        for _ in text.split():
            yield AudioChunk(np.full(1600, 1000, np.int16), 16_000)
            await asyncio.sleep(0)


def test_the_cascade_streams_through() -> None:
    backend = Words()
    order: list[str] = []

    def recognise(pcm: bytes) -> str:
        assert len(pcm) == 2 * 16_000
        return "what is the time"

    async def model(text: str):
        async def written():
            for word in ["It", "is", "eight.", "Time", "for", "tea."]:
                order.append(f"wrote {word}")
                yield word + " "

        assert text == "what is the time"
        return written()

    async def run() -> list:
        async with TtsClient(backend) as tts:
            cascade = Cascade(recognise, model, tts, director=Director(), mirror=ProsodyMirror())
            events = []
            async for event in cascade.respond(speech()):
                events.append(event)
                if isinstance(event, Timing):
                    order.append("first audio")
            return events

    events = asyncio.run(run())
    assert events[0] == PersonSaid("what is the time")
    assert [e.text for e in events if isinstance(e, VoiceSaid)] == ["It is eight.", "Time for tea."]
    assert backend.spoken == ["It is eight.", "Time for tea."]
    assert seconds_of(events) == pytest.approx(0.6)
    # The first sentence was spoken before the second was written.
    assert order.index("first audio") < order.index("wrote tea.")
    (timing,) = [event for event in events if isinstance(event, Timing)]
    assert list(timing.parts) == ["mirror", "recogniser", "language model", "director", "voice"]
    assert timing.first_audio_s == pytest.approx(sum(timing.parts.values()))


def test_the_cascade_is_interrupted() -> None:
    backend = Words()

    async def model(text: str) -> str:
        return "One two three four five. Six seven."

    async def run() -> list:
        async with TtsClient(backend) as tts:
            cascade = Cascade(lambda pcm: "count", model, tts)
            events = []
            async for event in cascade.respond(speech()):
                events.append(event)
                if seconds_of(events) > 0.15:
                    await cascade.interrupt(0.15)
            again = await collect(cascade.respond(speech()))
            assert seconds_of(again) == pytest.approx(0.7)
            return events

    assert seconds_of(asyncio.run(run())) == pytest.approx(0.2)
    assert backend.spoken[0] == "One two three four five."
    assert backend.spoken[1] == "One two three four five."  # of the second turn


def test_nothing_understood() -> None:
    async def model(text: str) -> str:
        raise AssertionError("not asked")

    async def run() -> list:
        async with TtsClient(Words()) as tts:
            return await collect(Cascade(lambda pcm: " ", model, tts).respond(speech()))

    assert asyncio.run(run()) == [PersonSaid(" ")]


def test_a_turn_by_the_realtime_protocol() -> None:
    async def run() -> None:
        async with RealtimeServer() as server:
            client = RealtimeClient(
                server.url, api_key="key", instructions="Be brief.", voice="alloy", timeout_s=LONG_S
            )
            for _ in range(2):  # on one connection
                events = await collect(client.respond(speech(1.0)))
                assert events[0] == PersonSaid("1.0 seconds")
                assert said(events) == "You spoke for 1.0 seconds."
                assert seconds_of(events) == pytest.approx(1.0)
                (timing,) = [event for event in events if isinstance(event, Timing)]
                assert timing.first_audio_s >= FIRST_S
            await client.aclose()
        assert server.headers["authorization"] == "Bearer key"
        session = server.received[0]["session"]
        assert session["instructions"] == "Be brief."
        assert session["audio"]["output"]["voice"] == "alloy"
        assert session["audio"]["input"]["turn_detection"] is None
        assert server.kinds().count("session.update") == 1
        assert server.kinds().count("input_audio_buffer.append") >= 2 * 20

    asyncio.run(run())


def test_barge_in() -> None:
    async def run() -> None:
        async with RealtimeServer(pace_s=0.2) as server:
            client = RealtimeClient(server.url, timeout_s=LONG_S)
            events = []
            async for event in client.respond(speech()):
                events.append(event)
                if isinstance(event, Speech) and seconds_of(events) > 0.25:
                    await client.interrupt(0.25)
            assert seconds_of(events) == pytest.approx(0.3)
            assert server.sent_audio_ms < 1000
            assert server.kinds()[-2:] == ["response.cancel", "conversation.item.truncate"]
            assert server.received[-1]["audio_end_ms"] == 250
            assert server.received[-1]["item_id"] == "out"
            await client.interrupt(0.3)  # no effect after the end
            assert seconds_of(await collect(client.respond(speech()))) == pytest.approx(1.0)
            await client.aclose()

    asyncio.run(run())


def test_an_answer_that_is_given_up() -> None:
    async def run() -> None:
        async with RealtimeServer(pace_s=0.1) as server:
            client = RealtimeClient(server.url, schema="flat", timeout_s=LONG_S)
            answer = client.respond(speech())
            async for event in answer:
                if isinstance(event, Speech):
                    break
            await answer.aclose()
            events = await collect(client.respond(speech(0.5)))
            assert said(events) == "You spoke for 0.5 seconds."
            assert seconds_of(events) == pytest.approx(1.0)
            await client.aclose()

    asyncio.run(run())


def test_tool_calls() -> None:
    asked = []

    async def lamp(arguments):
        asked.append(arguments)
        return "the lamp is on"

    async def broken(arguments):
        raise RuntimeError("no such lamp")

    async def turn(tools) -> list:
        async with RealtimeServer() as server:
            client = RealtimeClient(server.url, tools=tools, timeout_s=LONG_S)
            events = await collect(client.respond(speech(0.2)))
            await client.aclose()
            return events

    schema = {"type": "object", "properties": {"on": {"type": "boolean"}}}
    events = asyncio.run(turn({"lamp": Tool("Switch the lamp.", schema, lamp)}))
    assert asked == [{"on": True}]
    assert said(events) == "the lamp is on"
    events = asyncio.run(turn({"lamp": Tool("Switch the lamp.", schema, broken)}))
    assert said(events) == '{"error": "no such lamp"}'
    assert said(asyncio.run(turn({}))) == '{"error": "no tool \'lamp\'"}'


@pytest.mark.parametrize(
    ("misbehave", "error", "message"),
    [
        ("error", ServiceRefusedError, "no more credit"),
        ("hang", ServiceTimeoutError, "sent nothing for 1 s"),
        ("break", ServiceTruncatedError, "the connection broke"),
    ],
)
def test_failures(misbehave: str, error: type, message: str) -> None:
    async def run() -> None:
        async with RealtimeServer(misbehave) as server:
            timeout_s = 1.0 if misbehave == "hang" else LONG_S
            client = RealtimeClient(server.url, timeout_s=timeout_s)
            with pytest.raises(error, match=message):
                await collect(client.respond(speech()))
            await client.aclose()

    asyncio.run(run())


def test_nobody_there() -> None:
    client = RealtimeClient("ws://127.0.0.1:9/v1/realtime", timeout_s=LONG_S)
    with pytest.raises(ServiceUnavailableError, match="no connection"):
        asyncio.run(collect(client.respond(speech())))
    with pytest.raises(ValueError, match="ws://"):
        RealtimeClient("http://127.0.0.1")
