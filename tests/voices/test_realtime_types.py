"""Each message of `RealtimeClient` against the types of OpenAI's own package.

`pytest tests/voices`. Needs the extra `realtime` and the package openai.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "python"))

from helpers.realtime_server import RealtimeServer

from pywakeword.speech_to_speech import RealtimeClient, Tool

PARAMETERS = {"type": "object", "properties": {"on": {"type": "boolean"}}}


async def lamp(arguments: dict[str, Any]) -> str:
    return "It is on."


async def speech(seconds: float) -> AsyncIterator[np.ndarray]:
    yield np.zeros(round(seconds * 16_000), np.int16)


async def conversation(schema: str) -> list[dict[str, Any]]:
    """Return what a client sends in a turn, a turn with a tool, and one that is interrupted."""
    async with RealtimeServer() as server:
        tools = {"lamp": Tool("Switch the lamp.", PARAMETERS, lamp)}
        client = RealtimeClient(
            server.url, schema=schema, tools=tools, voice="marin", instructions="Be brief."
        )
        for seconds in (1.0, 0.2):
            async for _ in client.respond(speech(seconds)):
                pass
        n_events = 0
        async for _ in client.respond(speech(1.0)):
            n_events += 1
            if n_events == 4:
                await client.interrupt(0.1)
        await client.aclose()
        return server.received


@pytest.mark.parametrize(
    ("schema", "types"),
    [("nested", "openai.types.realtime"), ("flat", "openai.types.beta.realtime")],
)
def test_every_message_is_one_of_the_protocol(schema: str, types: str) -> None:
    pydantic = pytest.importorskip("pydantic")
    module = pytest.importorskip(types)
    adapter = pydantic.TypeAdapter(module.RealtimeClientEvent)
    messages = asyncio.run(conversation(schema))
    for message in messages:
        adapter.validate_python(message)
    assert {message["type"] for message in messages} == {
        "session.update",
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "response.create",
        "response.cancel",
        "conversation.item.create",
        "conversation.item.truncate",
    }
