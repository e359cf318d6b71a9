"""`pywakeword run` in a room where its answers, which say the wake word, come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator

import pytest

from helpers.feedback_room import FeedbackRoom
from helpers.sounds import RATE, Pcm, floor, spoken
from helpers.speech_servers import Service
from pywakeword.cli import main

ANSWER = "I am your computer. Computer, says the computer."
_ASKED_AT = (1, 17)


def script() -> Pcm:
    """A person says the wake word and a question, twice."""
    asked = spoken("computer")
    recording = floor(34)
    for at_s in _ASKED_AT:
        recording[at_s * RATE : at_s * RATE + len(asked)] += asked
    return recording


def check_only_scripted_words(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    speaks: tuple[str, ...],
    echo_db: float,
    *more: str,
) -> None:
    """Run the command; `speaks` are its options for the voice."""
    room = FeedbackRoom(script(), echo_db)
    monkeypatch.setattr("pywakeword.commands.run._audio", lambda *_: (room, room.loudspeaker))
    run = ["run", "script.wav", "--model", "computer", "--json", "--say", ANSWER, *speaks, *more]
    assert main(run) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    words = [event["at"] for event in events if event["event"] == "WordHeard"]
    # The word ends 1.84 s after the beginning, and is reported soon after.
    assert words == [pytest.approx(at_s + 2.0, abs=0.2) for at_s in _ASKED_AT]
    assert sum(event.get("trigger") == "played" for event in events) == len(_ASKED_AT), events


@contextlib.contextmanager
def serving(make: Callable[[], Service], speak: Callable[[str], Pcm]) -> Iterator[int]:
    """Run a speech service with this voice in another thread; yields its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> Service:
        service = make()
        service.samples = speak
        return await service.__aenter__()

    try:
        service = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
        try:
            yield service.port
        finally:
            asyncio.run_coroutine_threadsafe(service.__aexit__(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
