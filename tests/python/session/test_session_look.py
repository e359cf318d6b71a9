"""A session that a look wakes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
from helpers.looks import FakeTracker, face, picture
from helpers.sounds import floor, spoken

from pywakeword import ArraySource, WakeWord
from pywakeword.commands._event_text import session_record, session_text
from pywakeword.errors import LookError
from pywakeword.look import LookSource, PictureList, TalkingToMe
from pywakeword.session import Attended, Failed, LookChanged, SpokenRequest, VoiceSession
from pywakeword.tts import AudioChunk, Backend, TtsClient

REQUEST = spoken("computer")  # no wake word here: the detector listens for alexa
SPEECH = np.concatenate([floor(2.0), REQUEST, floor(2.5)])


class Beep(Backend):
    name = "beep"

    async def speak(self, text, voice, prosody):
        yield AudioChunk(np.full(1600, 500, np.int16), 16000)


def at(seconds_of_look: list[tuple[float, float]], total: float) -> PictureList:
    """Return pictures of one person who looks at the device in these times."""
    times = np.arange(0, total, 0.1)
    looking = [any(a <= t < b for a, b in seconds_of_look) for t in times]
    return PictureList([picture([face(0.0 if look else 60.0)]) for look in looking])


def run(pcm: np.ndarray, camera, **options) -> tuple[list[SpokenRequest], list]:
    requests = []

    async def answer(request):
        requests.append(request)
        return "Yes."

    async def go() -> list:
        look = LookSource(camera, tracker=FakeTracker())
        async with TtsClient(Beep()) as tts:
            session = VoiceSession(
                ArraySource(pcm), WakeWord("alexa"), answer, tts=tts, look=look, **options
            )
            return [event async for event in session]

    return requests, asyncio.run(go())


def test_who_looks_and_talks_is_answered() -> None:
    requests, events = run(SPEECH, at([(1.0, 6.0)], 6.0))
    (request,) = requests
    (attended,) = [event for event in events if isinstance(event, Attended)]
    attention = attended.attention
    assert request.detection is attention
    assert attention.probability > 0.6
    assert attention.pre_roll_samples == 8000
    assert 2.0 * 16000 - 1600 <= attention.start_sample <= 3.3 * 16000
    assert len(attention.snippet) == (
        attention.detected_sample - attention.start_sample + attention.pre_roll_samples
    )
    assert request.start_sample == attention.start_sample - 8000
    assert len(request.pcm) > 3 * 16000  # all that was said, not only what came after
    (changed,) = [event for event in events if isinstance(event, LookChanged)]
    assert changed.looking
    assert "yaw" in session_text(session_record(attended))
    assert "looking" in session_text(session_record(changed))


def test_a_follow_up_needs_no_word_either() -> None:
    requests, _ = run(np.concatenate([SPEECH, SPEECH]), at([(1.0, 15.0)], 15.0))
    assert len(requests) == 2


@pytest.mark.parametrize("times", [[], [(0.0, 1.2)], [(2.2, 2.5)]])
def test_who_does_not_look_long_enough_is_not_answered(times: list) -> None:
    requests, events = run(SPEECH, at(times, 6.0))
    assert requests == []
    assert not any(isinstance(event, Attended) for event in events)


def test_silence_is_not_answered() -> None:
    requests, _ = run(floor(6.0), at([(1.0, 6.0)], 6.0))
    assert requests == []


def test_equal_input_gives_equal_events_however_it_is_cut() -> None:
    results = []
    for block_ms in (20.0, 20.0, 50.0):
        _, events = run(SPEECH, at([(1.0, 6.0)], 6.0), block_ms=block_ms)
        results.append([e.attention.start_sample for e in events if isinstance(e, Attended)])
    assert results[0] == results[1] == results[2]


def test_a_lost_camera_is_reported_once_and_the_word_still_works() -> None:
    class Lost:
        live = False

        def __iter__(self) -> Iterator:
            raise LookError("camera 0 went away")

        def close(self) -> None:
            pass

    async def go() -> list:
        session = VoiceSession(
            ArraySource(np.concatenate([spoken("computer"), floor(2.0)])),
            WakeWord("computer"),
            look=LookSource(Lost(), tracker=FakeTracker()),
        )
        return [event async for event in session]

    events = asyncio.run(go())
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.stage == "look"
    assert "went away" in str(failed.error)
    assert any(type(event).__name__ == "WordHeard" for event in events)


def test_talking_to_me_needs_a_look() -> None:
    with pytest.raises(ValueError, match="look"):
        VoiceSession(ArraySource(SPEECH), WakeWord("alexa"), talking_to_me=TalkingToMe())
    with pytest.raises(TypeError, match="look"):
        VoiceSession(ArraySource(SPEECH), WakeWord("alexa"), look="camera")
