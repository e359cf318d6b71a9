from __future__ import annotations

import numpy as np
import pytest
from helpers import sounds
from helpers.sounds import RATE, floor, request, spoken

from pywakeword import (
    Detection,
    End,
    Endpointer,
    EndpointEvent,
    NoSpeech,
    PossibleEnd,
    Request,
    RequestListener,
    Resumed,
    SpeechStart,
    Utterance,
    UtteranceJoiner,
    WakeWord,
)
from pywakeword.endpointing.stream_listener import StreamListener

WORD = spoken("computer")[: sounds.COMPUTER[1] + 800]
GRACE = 16_000
LATENESS = 8000


def make() -> RequestListener:
    return RequestListener(WakeWord("computer"), Endpointer())


def requests(pcm: np.ndarray, size: int = 1600) -> list[Request]:
    listener = make()
    found = [f for i in range(0, len(pcm), size) for f in listener.process(pcm[i : i + size])]
    return [f for f in (*found, *listener.close()) if isinstance(f, Request)]


def join(*events: EndpointEvent, now: int | None = None) -> list:
    joiner = UtteranceJoiner()
    now = events[-1].decided_sample if now is None else now
    return joiner.push(events, now) + joiner.close()


def test_a_word_and_its_request() -> None:
    (found,) = requests(np.concatenate([WORD, floor(0.5), request(), floor(4)]))
    said = found.outcome
    assert isinstance(said, Utterance)
    start = len(WORD) + RATE // 2 + 800
    assert abs(said.start_sample - start) < 1600
    assert abs(said.end_sample - (start + sounds.REQUEST[1] - sounds.REQUEST[0])) < 1600
    assert said.reason == "silence"
    assert said.n_resumed == 0
    assert found.repair is None


def test_an_early_end_is_joined() -> None:
    pcm = np.concatenate([WORD, floor(0.5), request(), floor(1.2), request(), floor(4)])
    (found,) = requests(pcm)
    assert isinstance(found.outcome, Utterance)
    assert found.outcome.n_resumed == 1
    length = 2 * len(request()) + 1.2 * RATE
    assert abs(found.outcome.end_sample - found.outcome.start_sample - length) < 4000


def test_nothing_said() -> None:
    (found,) = requests(np.concatenate([WORD, floor(8)]))
    assert isinstance(found.outcome, NoSpeech)
    assert found.outcome.reason == "no_speech_timeout"
    (found,) = requests(np.concatenate([WORD, floor(2)]))
    assert found.outcome.reason == "closed"


def test_the_next_word_comes_first() -> None:
    word = spoken("computer")[sounds.COMPUTER[0] - 1600 : sounds.COMPUTER[1] + 800]
    first, second = requests(
        np.concatenate([WORD, floor(1.5), word, floor(0.4), request(), floor(4)])
    )
    assert isinstance(first.outcome, NoSpeech)
    assert first.outcome.reason == "wake_word"
    assert isinstance(second.outcome, Utterance)
    # And in the middle of an utterance.
    first, second = requests(np.concatenate([WORD, floor(0.5), request(), word, floor(8)]))
    assert isinstance(first.outcome, Utterance)
    assert first.outcome.reason == "wake_word"
    assert first.outcome.end_sample == second.detection.start_sample


def test_speech_without_a_word_is_not_reported() -> None:
    assert requests(np.concatenate([floor(1), request(), floor(4)])) == []


def test_a_second_utterance_is_not_reported() -> None:
    pcm = np.concatenate([WORD, floor(0.5), request(), floor(4), request(), floor(4)])
    assert len(requests(pcm)) == 1


@pytest.mark.parametrize("size", [7, 160, 1000, 10**9])
def test_cuts_change_nothing(size: int) -> None:
    pcm = np.concatenate([WORD, request(), floor(1.3), request(), floor(3), WORD, floor(6)])
    wanted = requests(pcm, 1600)
    assert len(wanted) == 2
    assert requests(pcm, size) == wanted


def test_the_grace_is_that_of_the_endpointer() -> None:
    said = spoken("computer")[: sounds.REQUEST[1] + 800]
    pcm = np.concatenate([said, floor(2.0), request(), floor(4)])

    def last(**options: float) -> Utterance:
        listener = RequestListener(WakeWord("computer"), Endpointer(**options))
        outcome = listener.process(pcm)[-1].outcome
        assert isinstance(outcome, Utterance)
        return outcome

    assert last().n_resumed == 0  # the second part is none of this request
    assert last(grace_ms=1500).n_resumed == 1


def test_a_request_comes_when_its_grace_is_over_and_reset_forgets() -> None:
    listener = make()
    pcm = np.concatenate([WORD, floor(0.5), request(), floor(4)])
    for _ in range(2):
        kinds = []
        for begin in range(0, len(pcm), 160):
            for found in listener.process(pcm[begin : begin + 160]):
                kinds.append(type(found))
                if isinstance(found, Request):
                    late = begin + 160 - found.outcome.decided_sample
                    assert GRACE < late <= GRACE + LATENESS + 160
        assert kinds == [Detection, Request]
        assert listener.close() == []
        listener.process(pcm[: len(pcm) // 2])
        listener.reset()


@pytest.mark.parametrize("size", [7, 160, 1000, 10**9])
def test_the_level_below_gives_all_audio_once_and_early_events(size: int) -> None:
    pcm = np.concatenate([WORD, floor(0.5), request(), floor(1.2), request(), floor(4)])
    listener = StreamListener(WakeWord("computer"), Endpointer())
    parts, events = [], []
    for begin in range(0, len(pcm), size):
        for part in listener.process(pcm[begin : begin + size]):
            parts.append(part)
            events += part.events
            if part.detection is not None:
                assert listener.now >= part.detection.detected_sample - 160
                events += listener.start(part.detection)
    np.testing.assert_array_equal(np.concatenate([part.pcm for part in parts]), pcm)
    assert listener.now == len(pcm)
    assert sum(part.detection is not None for part in parts) == 1
    assert max(len(part.pcm) for part in parts) <= 1280
    kinds = [type(event) for event in events]
    # The early End and its Resumed come as decided; a RequestListener joins them.
    assert kinds[-4:] == [End, Resumed, PossibleEnd, End]


def test_events_are_joined_once() -> None:
    start, end = SpeechStart(100, 3000, "speech"), End(20_000, 33_000, "silence")
    back, again = Resumed(40_000, 43_000, "speech"), End(60_000, 73_000, "silence")
    pause = PossibleEnd(20_000, 23_000, "pause")
    assert join(start, pause, end) == [Utterance(100, 20_000, 33_000, "silence")]
    assert join(start, pause, end, back, again) == [Utterance(100, 60_000, 73_000, "silence", 1)]
    # A Resumed in a pause is no join.
    short = Resumed(24_000, 27_000, "speech")
    assert join(start, pause, short, end) == [Utterance(100, 20_000, 33_000, "silence")]
    # Later than any grace: an utterance of its own, not a lost one.
    late, last = Resumed(90_000, 93_000, "speech"), End(95_000, 108_000, "silence")
    assert [u.start_sample for u in join(start, end, late, last)] == [100, 90_000]
    assert join(start, end, NoSpeech(200_000, 200_000, "no_speech_timeout")) == [
        Utterance(100, 20_000, 33_000, "silence"),
        NoSpeech(200_000, 200_000, "no_speech_timeout"),
    ]


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="grace_ms"):
        UtteranceJoiner(-1)
    with pytest.raises(ValueError, match="grace_ms"):
        UtteranceJoiner(float("nan"))
    with pytest.raises(TypeError, match="int16"):
        make().process(np.zeros(10, np.float32))
