from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import sounds
from helpers.endpointing_fakes import Counting, Scripted
from helpers.sounds import RATE, floor, request, spoken

from pywakeword import (
    Decision,
    End,
    EndpointRule,
    EosPosterior,
    ModelNotFoundError,
    NoSpeech,
    PossibleEnd,
    Resumed,
    SpeechStart,
    TwoPassEndpointer,
    WaitPolicy,
)

SURE = WaitPolicy(shortest_ms=250, longest_ms=1500)


def make(*answers: float, source: Counting | None = None, **options: Any) -> TwoPassEndpointer:
    options = {"policy": SURE, **options}
    return TwoPassEndpointer(
        eos_source=source or Counting(), arbitrator=Scripted(*answers), **options
    )


def kinds(events: list) -> list[type]:
    return [type(event) for event in events]


def seconds(event: Any) -> float:
    return (event.decided_sample - event.sample) / RATE


def test_a_sure_arbitrator_ends_at_once_an_unsure_one_waits() -> None:
    pcm = np.concatenate([floor(1), request(), floor(3)])
    waits = []
    for probability in (1.0, 0.7, 0.5, 0.3, 0.0):
        *_, end = make(probability).process(pcm)
        assert isinstance(end, End)
        assert end.reason == "arbitrator"
        assert abs(end.sample - (RATE + 800 + sounds.REQUEST[1] - sounds.REQUEST[0])) < 1600
        waits.append(seconds(end))
    assert waits == sorted(waits)
    assert 0.2 <= waits[0] <= 0.3
    assert 0.85 <= waits[2] <= 0.9
    assert 1.5 <= waits[4] <= 1.51


def test_asked_as_the_pause_grows() -> None:
    source, arbitrator, decisions = Counting(), Scripted(0.0), []
    endpointer = TwoPassEndpointer(
        eos_source=source, arbitrator=arbitrator, policy=SURE, on_decision=decisions.append
    )
    events = endpointer.process(np.concatenate([floor(1), request(), floor(3)]))
    pauses = [pause_s for _, _, pause_s in arbitrator.asked]
    assert pauses == pytest.approx([0.2, 0.5, 1.2], abs=0.06)
    assert [d.pause_s for d in decisions] == pauses
    assert all(isinstance(d, Decision) and d.wait_ms > 1400 for d in decisions)
    # The recogniser and the tail had heard everything up to the question, nothing more.
    for (heard, n_tail, _), decision in zip(arbitrator.asked, decisions):
        assert int(heard) == decision.sample == n_tail
        assert decision.pause_start_sample == events[-1].sample


def test_a_later_answer_takes_the_place_of_an_earlier() -> None:
    pcm = np.concatenate([floor(1), request(), floor(3)])
    *_, end = make(0.0, 1.0).process(pcm)
    assert 0.5 <= seconds(end) <= 0.52


def test_the_recognisers_token_asks_at_once() -> None:
    pcm = np.concatenate([floor(1), request(), floor(3)])
    *_, end = make(1.0).process(pcm)
    options = {"ask_at_ms": (1000.0,)}
    *_, late = make(1.0, **options).process(pcm)
    assert 1.0 <= seconds(late) <= 1.01
    *_, early = make(1.0, source=Counting(end.sample), **options).process(pcm)
    assert seconds(early) < 0.3
    eos_only = TwoPassEndpointer(
        eos_source=Counting(end.sample + RATE), arbitrator=EosPosterior(), policy=SURE
    )
    assert 1.0 <= seconds(eos_only.process(pcm)[-1]) <= 1.01


def test_speech_cancels_the_wait() -> None:
    pcm = np.concatenate([floor(1), request(), floor(0.8), request(), floor(3)])
    events = make(0.0).process(pcm)
    assert kinds(events) == [SpeechStart, PossibleEnd, Resumed, PossibleEnd, End]


@pytest.mark.parametrize(("gap_s", "kind"), [(1.0, Resumed), (2.5, SpeechStart)])
def test_speech_soon_after_an_early_end_takes_it_back(gap_s: float, kind: type) -> None:
    pcm = np.concatenate([floor(1), request(), floor(gap_s), request(), floor(3)])
    events = make(1.0).process(pcm)
    assert kinds(events) == [SpeechStart, PossibleEnd, End, kind, PossibleEnd, End]
    start = 2 * RATE + round(gap_s * RATE) + len(request()) - RATE + 800
    assert abs(events[3].sample - start) < 1600


def test_nothing_ends_with_the_first_word_after_a_pause() -> None:
    word = request()[: round(0.6 * RATE)]
    for gap_s in np.arange(0.22, 0.5, 0.02):
        pcm = np.concatenate([floor(1), request()[:-1600], floor(gap_s), word, floor(3)])
        events = make(0.0, policy=WaitPolicy(longest_ms=420, shortest_ms=400)).process(pcm)
        for event in events:
            if isinstance(event, End):
                # Fed up to 0.1 s before the network speaks of it.
                into = event.decided_sample - (RATE + len(request()) - 1600 + gap_s * RATE)
                assert not 0.12 * RATE < into < 0.4 * RATE, gap_s


@pytest.mark.parametrize("size", [1, 7, 160, 1000, 10**9])
def test_cuts_do_not_change_the_events(size: int) -> None:
    pcm = np.concatenate([floor(0.5), request(), floor(0.7), spoken("alexa"), floor(2.5)])
    answers = (0.4, 0.9, 0.2, 0.5, 1.0)
    wanted = make(*answers).process(pcm)
    assert len(wanted) > 6
    endpointer = make(*answers)
    chunks = (pcm[i : i + size] for i in range(0, len(pcm), size))
    assert [event for chunk in chunks for event in endpointer.process(chunk)] == wanted


def test_rules_still_hold() -> None:
    pcm = np.concatenate([floor(1), request(), floor(3)])
    rules = (EndpointRule("short", min_trailing_silence_ms=400),)
    *_, end = make(0.0, rules=rules).process(pcm)
    assert end.reason == "short"
    start, end, *_ = make(1.0, max_utterance_ms=1000).process(pcm)
    assert end.reason == "max_utterance"
    assert end.sample - start.sample <= RATE + 640


def test_no_speech_comes_once_and_not_after_an_end() -> None:
    (event,) = make(1.0).process(floor(12))
    assert isinstance(event, NoSpeech)
    events = make(1.0).process(np.concatenate([floor(1), request(), floor(12)]))
    assert kinds(events) == [SpeechStart, PossibleEnd, End]


def test_after_a_wake_word() -> None:
    pcm = np.concatenate([spoken("computer"), floor(2)])
    endpointer = make(1.0)
    endpointer.process(pcm[: sounds.COMPUTER[1] + 4000])
    assert endpointer.start_after_wake_word(sounds.COMPUTER[1]) == []
    events = endpointer.process(pcm[sounds.COMPUTER[1] + 4000 :])
    assert kinds(events) == [SpeechStart, PossibleEnd, End]
    assert abs(events[0].sample - sounds.REQUEST[0]) < 1600


def test_close_and_reset() -> None:
    pcm = np.concatenate([floor(1), request()])
    endpointer = make(0.5)
    endpointer.process(pcm[:-1600])
    (event,) = endpointer.close()
    assert event.reason == "closed"
    endpointer.reset()
    longer = np.concatenate([pcm, floor(3)])
    assert endpointer.process(longer) == make(0.5).process(longer)


def test_the_policy_is_smooth_and_falls() -> None:
    policy = WaitPolicy(200, 1600, middle=0.4, steepness=3)
    waits = [policy.wait_ms(p) for p in np.linspace(0, 1, 1001)]
    assert waits == sorted(waits, reverse=True)
    assert max(np.abs(np.diff(waits))) < 5
    assert policy.wait_ms(0.4) == pytest.approx(900)
    linear = WaitPolicy(200, 1200, steepness=1)
    assert linear.wait_ms(0.25) == pytest.approx(950)
    with pytest.raises(ValueError, match="probability"):
        policy.wait_ms(float("nan"))


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"ask_at_ms": ()}, ValueError, "ask_at_ms"),
        ({"ask_at_ms": (500, 200)}, ValueError, "rise"),
        ({"eos_threshold": 0}, ValueError, "eos_threshold"),
        ({"tail_s": 0}, ValueError, "tail_s"),
        ({"grace_ms": "1"}, TypeError, "grace_ms"),
        ({"no_such_option": 1}, TypeError, "no_such_option"),
        ({"rules": [EndpointRule("arbitrator")]}, ValueError, "cannot be named"),
        ({"model": "no_such_vad"}, ModelNotFoundError, "no_such_vad"),
    ],
)
def test_bad_options(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make(1.0, **options)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"shortest_ms": 0}, ValueError),
        ({"shortest_ms": 2000}, ValueError),
        ({"middle": 1.0}, ValueError),
        ({"steepness": float("inf")}, ValueError),
        ({"steepness": "2"}, TypeError),
    ],
)
def test_bad_policies(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        WaitPolicy(**options)


@pytest.mark.parametrize("answer", [1.5, -0.1, float("nan")])
def test_an_arbitrator_that_gives_no_probability_is_refused(answer: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        make(answer).process(np.concatenate([floor(1), request(), floor(1)]))


def test_bad_audio() -> None:
    with pytest.raises(TypeError, match="int16"):
        make(1.0).process(np.zeros(10, np.float32))
