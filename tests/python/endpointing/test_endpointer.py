from __future__ import annotations

import dataclasses
import threading
from typing import Any

import numpy as np
import pytest
from helpers import sounds
from helpers.sounds import RATE, floor, request, spoken

from pywakeword import (
    End,
    Endpointer,
    EndpointEvent,
    EndpointRule,
    ModelNotFoundError,
    NoSpeech,
    PossibleEnd,
    Resumed,
    SpeechStart,
    StreamError,
    WakeWord,
)

pytestmark = pytest.mark.portable

TOLERANCE = round(0.1 * RATE)


def kinds(events: list[EndpointEvent]) -> list[type]:
    return [type(event) for event in events]


def near(sample: int, wanted: int) -> bool:
    return abs(sample - wanted) <= TOLERANCE


def test_a_voice_far_behind_the_speaker_does_not_prolong_the_utterance() -> None:
    behind = np.concatenate([floor(0.3, 2)] + [request() // 20, floor(0.3, 2)] * 3)
    pcm = np.concatenate([floor(1, 2), request(), behind])
    end_of_speech = RATE + len(request()) - 1600
    events = Endpointer().process(pcm)
    assert isinstance(events[0], SpeechStart)
    end = next(event for event in events if isinstance(event, End))
    assert near(end.sample, end_of_speech)
    assert end.decided_sample < end_of_speech + 1.2 * RATE
    events = Endpointer(level_range_db=None).process(pcm)
    assert not any(isinstance(event, End) for event in events)
    # The same faint voice is heard where it is the only one.
    assert isinstance(Endpointer().process(np.concatenate([floor(1, 2), behind]))[0], SpeechStart)


def test_an_utterance_with_a_pause() -> None:
    pcm = np.concatenate([spoken("computer"), floor(2)])
    events = Endpointer().process(pcm)
    assert kinds(events) == [SpeechStart, PossibleEnd, Resumed, PossibleEnd, End]
    wanted = [*sounds.COMPUTER, *sounds.REQUEST, sounds.REQUEST[1]]
    assert all(near(event.sample, sample) for event, sample in zip(events, wanted)), events
    assert events[-1].reason == "silence"
    assert 0.8 <= (events[-1].decided_sample - events[-1].sample) / RATE <= 0.9
    assert 0.2 <= (events[1].decided_sample - events[1].sample) / RATE <= 0.3


@pytest.mark.parametrize("size", [1, 7, 160, 1000, 10**9])
def test_cuts_do_not_change_the_events(size: int) -> None:
    pcm = np.concatenate([floor(0.5), request(), floor(1.6), spoken("alexa"), floor(6.5)])
    wanted = Endpointer().process(pcm)
    assert len(wanted) > 6
    endpointer = Endpointer()
    chunks = (pcm[i : i + size] for i in range(0, len(pcm), size))
    assert [event for chunk in chunks for event in endpointer.process(chunk)] == wanted


def test_bytes_and_empty_chunks_are_taken() -> None:
    pcm = np.concatenate([spoken("computer"), floor(2)])
    endpointer = Endpointer()
    assert endpointer.process(b"") == []
    assert endpointer.process(pcm.astype("<i2").tobytes()) == Endpointer().process(pcm)


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros(10 * RATE, np.int16),
        floor(10, rms=1),
        floor(10, rms=30),
        sounds.hum(10),
        sounds.hum(10, amplitude=300, hertz=60),
        sounds.hum(10, amplitude=8000, hertz=100),
        sounds.clicks(10),
        sounds.clicks(10, amplitude=3000, period_s=0.12),
        sounds.alarm(10),
        sounds.alarm(10, amplitude=1000, hertz=900),
        sounds.noise(10),
        sounds.noise(10, rms=100),
    ],
    ids=[
        "zeros",
        "1 LSB",
        "near silence",
        "mains hum",
        "faint hum",
        "loud hum",
        "clicks",
        "fast clicks",
        "alarm",
        "low alarm",
        "loud noise",
        "noise",
    ],
)
def test_what_is_not_speech(pcm: np.ndarray) -> None:
    (event,) = Endpointer().process(pcm)
    assert isinstance(event, NoSpeech)
    assert event.reason == "no_speech_timeout"
    assert 0 <= event.sample - 5 * RATE <= 640


@pytest.mark.parametrize("disturbance", [sounds.hum(4, 800), sounds.alarm(4, 800)])
def test_speech_is_heard_in_what_is_not(disturbance: np.ndarray) -> None:
    pcm = disturbance.copy()
    pcm[RATE : RATE + len(request())] += request()
    start, *_, end = Endpointer().process(pcm)
    assert isinstance(start, SpeechStart)
    assert near(start.sample, RATE + 800)
    assert isinstance(end, End)


def test_levels_do_not_matter_much() -> None:
    pcm = np.concatenate([floor(1, 2), request(), floor(2, 2)])
    for gain in (0.03, 0.3, 2.0):
        scaled = np.clip(pcm * gain, -32768, 32767).astype(np.int16)
        events = Endpointer().process(scaled)
        assert kinds(events) == [SpeechStart, PossibleEnd, End], gain


def test_a_command_right_after_the_wake_word() -> None:
    computer, ask = spoken("computer")[: sounds.COMPUTER[1]], request()[800:]
    endpointer = Endpointer()
    # The word is found a little after its end, when the command is already being said.
    late = round(0.3 * RATE)
    heard = endpointer.process(np.concatenate([computer, ask[:late]]))
    assert kinds(heard) == [SpeechStart]
    events = endpointer.start_after_wake_word(len(computer))
    events += endpointer.process(np.concatenate([ask[late:], floor(2)]))
    assert kinds(events) == [SpeechStart, PossibleEnd, End]
    assert events[0].reason == "after_wake_word"
    assert events[0].sample == len(computer)
    assert near(events[-1].sample, len(computer) + len(ask) - 1600)


def test_a_command_after_a_moment() -> None:
    computer = spoken("computer")[: sounds.COMPUTER[1]]
    endpointer = Endpointer()
    endpointer.process(np.concatenate([computer, floor(0.4)]))
    assert endpointer.start_after_wake_word(len(computer)) == []
    events = endpointer.process(np.concatenate([floor(1.0), request(), floor(2)]))
    assert kinds(events) == [SpeechStart, PossibleEnd, End]
    assert near(events[0].sample, len(computer) + round(1.4 * RATE) + 800)


def test_no_command_at_all() -> None:
    computer = np.concatenate([floor(4), spoken("computer")[: sounds.COMPUTER[1]]])
    endpointer = Endpointer(no_speech_timeout_ms=3000)
    endpointer.process(np.concatenate([computer, floor(0.4)]))
    assert endpointer.start_after_wake_word(len(computer)) == []
    (event,) = endpointer.process(floor(6))
    assert isinstance(event, NoSpeech)
    assert 0 <= event.sample - len(computer) - 3 * RATE <= 640


def test_a_detection_starts_the_listening() -> None:
    pcm = np.concatenate([spoken("computer"), floor(2)])
    spotter, endpointer = WakeWord("computer"), Endpointer()
    events = []
    for begin in range(0, len(pcm), 160):
        chunk = pcm[begin : begin + 160]
        events += endpointer.process(chunk)
        for detection in spotter.process(chunk):
            events = endpointer.start_after_wake_word(detection)
    assert kinds(events) == [SpeechStart, PossibleEnd, End]
    assert near(events[0].sample, sounds.REQUEST[0])


def test_speech_soon_after_the_end_takes_it_back() -> None:
    pcm = np.concatenate([floor(1), request(), floor(1.2), request(), floor(3)])
    events = Endpointer().process(pcm)
    assert kinds(events) == [SpeechStart, PossibleEnd, End, Resumed, PossibleEnd, End]
    events = Endpointer(grace_ms=100).process(pcm)
    assert kinds(events) == [SpeechStart, PossibleEnd, End] * 2


def test_longest_utterance() -> None:
    pcm = np.concatenate([floor(1), request(), floor(2)])
    start, end, *_ = Endpointer(max_utterance_ms=1000, possible_end_ms=500).process(pcm)
    assert isinstance(end, End)
    assert end.reason == "max_utterance"
    assert 0 <= end.sample - start.sample - RATE <= 640


def test_rules_are_tried_in_turn() -> None:
    rules = (
        EndpointRule("long", min_trailing_silence_ms=400, min_utterance_ms=1000),
        EndpointRule("short", min_trailing_silence_ms=1500),
        EndpointRule("quiet", must_contain_speech=False, min_trailing_silence_ms=2000),
    )
    endpointer = Endpointer(rules=rules, no_speech_timeout_ms=None)
    assert endpointer.process(np.concatenate([floor(1), request(), floor(2)]))[-1].reason == "long"
    endpointer.reset()
    word = spoken("computer")[sounds.COMPUTER[0] : sounds.COMPUTER[1] + 800]
    assert endpointer.process(np.concatenate([floor(1), word, floor(3)]))[-1].reason == "short"
    endpointer.reset()
    (event,) = endpointer.process(floor(5))
    assert isinstance(event, NoSpeech)
    assert event.reason == "quiet"


def test_close_ends_what_is_open() -> None:
    endpointer = Endpointer()
    assert endpointer.close() == []
    endpointer.reset()
    pcm = np.concatenate([floor(1), request()[:-1600]])
    endpointer.process(pcm)
    (event,) = endpointer.close()
    assert isinstance(event, End)
    assert (event.reason, event.decided_sample) == ("closed", len(pcm))


def test_reset_starts_anew() -> None:
    pcm = np.concatenate([spoken("alexa"), floor(2)])
    endpointer = Endpointer()
    first = endpointer.process(pcm)
    endpointer.process(pcm[:30001])
    endpointer.reset()
    assert endpointer.process(pcm) == first


def test_probabilities() -> None:
    pcm = np.concatenate([floor(1), request(), floor(1)])
    endpointer = Endpointer()
    values = endpointer.probabilities(pcm)
    assert values.shape == ((len(pcm) - 400) // 160 + 1,)
    assert values.dtype == np.float32
    assert endpointer.frame_shift_s == 0.01
    assert values[:90].max() < 0.3
    assert values[120:200].mean() > 0.8
    both = Endpointer()
    parts = [both.process_with_probabilities(pcm[i : i + 777]) for i in range(0, len(pcm), 777)]
    np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), values)
    assert [event for events, _ in parts for event in events] == Endpointer().process(pcm)
    # Held between two outputs of the network.
    steps = values[3 : 3 + (len(values) - 3) // 4 * 4].reshape(-1, endpointer.card.frame_stride)
    assert np.all(steps == steps[:, :1])


def test_events_are_values() -> None:
    event = End(1, 2, "silence")
    assert event == End(1, 2, "silence")
    other: EndpointEvent = PossibleEnd(1, 2, "silence")
    assert event != other
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.sample = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"possible_end_ms": -1}, ValueError, "possible_end_ms"),
        ({"possible_end_ms": float("nan")}, ValueError, "possible_end_ms"),
        ({"grace_ms": "1"}, TypeError, "grace_ms"),
        ({"min_speech_ms": True}, TypeError, "min_speech_ms"),
        ({"word_tail_ms": None}, TypeError, "word_tail_ms"),
        ({"no_speech_timeout_ms": 0}, ValueError, "None means no limit"),
        ({"max_utterance_ms": 1e9}, ValueError, "max_utterance_ms"),
        ({"onset_threshold": 1.5}, ValueError, "onset_threshold must be above 0"),
        ({"onset_threshold": "high"}, TypeError, "onset_threshold"),
        ({"offset_threshold": 0.9}, ValueError, "offset <= onset"),
        ({"offset_threshold": float("nan")}, ValueError, "offset_threshold must be"),
        ({"level_range_db": 0}, ValueError, "level_range_db"),
        ({"level_range_db": float("nan")}, ValueError, "level_range_db"),
        ({"level_range_db": "18"}, TypeError, "level_range_db"),
        ({"rules": ()}, ValueError, "1 to 100 rules"),
        ({"rules": ["silence"]}, TypeError, "EndpointRule"),
        ({"rules": [EndpointRule("")]}, ValueError, "cannot be named ''"),
        ({"rules": [EndpointRule("closed")]}, ValueError, "cannot be named 'closed'"),
        ({"rules": [EndpointRule("a"), EndpointRule("a")]}, ValueError, "one name"),
        ({"rules": [EndpointRule("a", min_trailing_silence_ms=-5)]}, ValueError, "a.min_trailing"),
        ({"rules": [EndpointRule("a", min_trailing_silence_ms=0)]}, ValueError, "always holds"),
        ({"rules": [EndpointRule("a", 1)]}, TypeError, "bool"),
    ],
)
def test_bad_options(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Endpointer(**options)


def test_bad_audio() -> None:
    endpointer = Endpointer()
    with pytest.raises(TypeError, match="int16"):
        endpointer.process(np.zeros(10, np.float32))
    with pytest.raises(ValueError, match="1-D"):
        endpointer.process(np.zeros((10, 2), np.int16))
    with pytest.raises(ValueError, match="odd"):
        endpointer.process(b"abc")


@pytest.mark.parametrize("sample", [-1, 16001, 10**12])
def test_wake_words_outside_the_stream(sample: int) -> None:
    endpointer = Endpointer()
    endpointer.process(floor(1))
    with pytest.raises(ValueError, match="end_sample"):
        endpointer.start_after_wake_word(sample)


@pytest.mark.parametrize("word", [None, 1.5, True, "alexa"])
def test_wake_words_that_are_none(word: Any) -> None:
    with pytest.raises(TypeError, match="Detection"):
        Endpointer().start_after_wake_word(word)


def test_a_missing_model_raises() -> None:
    with pytest.raises(ModelNotFoundError):
        Endpointer(model="no_such_vad")


def test_two_threads_in_one_stream_are_refused() -> None:
    endpointer = Endpointer()
    pcm = np.tile(floor(20), 30)
    refused = []

    def feed() -> None:
        try:
            endpointer.process(pcm)
        except StreamError as error:
            refused.append(error)

    threads = [threading.Thread(target=feed) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) <= 1
    endpointer.reset()
    assert endpointer.process(b"") == []
