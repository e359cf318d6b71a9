"""Transcripts of a stream: when, of what, and what happens if the recogniser fails."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import Any

import numpy as np
import pytest
from helpers import sounds
from helpers.recogniser_fakes import Gated, Returning, Saying, recognition
from helpers.sounds import RATE, floor, request, spoken

from pywakeword import (
    Decision,
    Endpointer,
    FrameRepair,
    Hypothesis,
    NoSpeech,
    RecogniserError,
    RecogniserTimeoutError,
    Request,
    RequestListener,
    TranscribingSource,
    TranscriptArbitrator,
    TruncationCheck,
    TwoPassEndpointer,
    Utterance,
    WakeWord,
)
from pywakeword.endpointing.recognisers.completeness import completeness
from pywakeword.endpointing.recognisers.wake_word import without_wake_word
from pywakeword.endpointing.repair.joining import join_texts

WORD = spoken("computer")[: sounds.COMPUTER[1] + 800]
ONE = np.concatenate([WORD, floor(0.5), request(), floor(4)])
TWO_PARTS = np.concatenate([WORD, floor(0.5), request(), floor(1.2), request(), floor(4)])


def listen(pcm: np.ndarray, recogniser: Any, *, two_pass: bool = False, **options: Any) -> list:
    """Requests of a file, in which the source waits."""
    source = TranscribingSource(recogniser, realtime=False, timeout_s=5)
    endpointer = TwoPassEndpointer(eos_source=source) if two_pass else Endpointer()
    listener = RequestListener(WakeWord("computer"), endpointer, transcriber=source, **options)
    found = [f for i in range(0, len(pcm), 1600) for f in listener.process(pcm[i : i + 1600])]
    return [f for f in (*found, *listener.close()) if isinstance(f, Request)]


@pytest.mark.parametrize("two_pass", [False, True])
def test_a_request_has_its_transcript(two_pass: bool) -> None:
    recogniser = Saying("Turn on the light.")
    (found,) = listen(ONE, recogniser, two_pass=two_pass)
    said = found.outcome
    assert isinstance(said, Utterance)
    assert found.text == "Turn on the light."
    assert found.transcript_error is None
    # From 0.2 s before the word to 0.2 s after the speech, once: the pause was transcribed.
    begin, end = found.transcript.begin_sample, found.transcript.end_sample
    assert begin == found.detection.start_sample - 3200
    assert end - said.end_sample in range(2400, 3201)
    assert recogniser.heard == [end - begin]
    assert found.transcript.words[1].start_sample == begin + 100
    assert said.reason == ("arbitrator" if two_pass else "silence")


def test_the_text_decides_how_long_to_wait() -> None:
    def latency(text: str) -> float:
        (found,) = listen(ONE, Saying(text), two_pass=True)
        assert isinstance(found.outcome, Utterance)
        return (found.outcome.decided_sample - found.outcome.end_sample) / RATE

    assert latency("Turn on the light.") < 0.4
    assert latency("Turn on the") > 1.2


def test_the_bundled_arbitrator_is_the_default_for_whisper_tiny() -> None:
    pytest.importorskip("onnxruntime", reason="the endpoint extra is not installed")
    decisions: list[Decision] = []

    def probability(text: str) -> float:
        states = np.random.default_rng(1).normal(0, 1, (100, 384)).astype(np.float32)
        answer = dataclasses.replace(recognition(text), frames=states)
        source = TranscribingSource(Returning(answer), realtime=False)
        source.arbitrator_model = "transcript_arbitrator"  # as `WhisperSource(size="tiny")` has it
        endpointer = TwoPassEndpointer(eos_source=source, on_decision=decisions.append)
        assert endpointer.policy == TranscriptArbitrator().policy
        endpointer.process(np.concatenate([floor(0.5), request(), floor(0.4)]))
        assert decisions[-1].tokens == tuple(text.split())
        return decisions[-1].probability

    assert probability("Turn on the light.") > probability("Set a timer for") + 0.1


def test_resumed_speech_is_one_transcript() -> None:
    recogniser = Saying("one", "one two")
    (found,) = listen(TWO_PARTS, recogniser)
    assert found.text == "one two"
    assert recogniser.heard[-1] > 2 * len(request()) + RATE


def test_nothing_said_is_not_transcribed() -> None:
    recogniser = Saying("nonsense")
    (found,) = listen(np.concatenate([WORD, floor(8)]), recogniser)
    assert isinstance(found.outcome, NoSpeech)
    assert (found.transcript, found.text, recogniser.heard) == (None, None, [])


@pytest.mark.parametrize("size", [160, 1000, 10**9])
def test_cuts_change_nothing(size: int) -> None:
    def run(size: int) -> list:
        source = TranscribingSource(Saying("one", "two"), realtime=False)
        endpointer = TwoPassEndpointer(eos_source=source)
        listener = RequestListener(WakeWord("computer"), endpointer, transcriber=source)
        return [f for i in range(0, len(ONE), size) for f in listener.process(ONE[i : i + size])]

    assert run(size) == run(1600)


def feed(listener: RequestListener, pcm: np.ndarray) -> tuple[list[Request], float]:
    """Return the requests, and the longest wall time of a call that takes 20 ms of audio."""
    found, longest = [], 0.0
    for begin in range(0, len(pcm), 320):
        started = time.monotonic()
        new = listener.process(pcm[begin : begin + 320])
        longest = max(longest, time.monotonic() - started)
        found += [f for f in new if isinstance(f, Request)]
    return found, longest


@pytest.mark.parametrize("two_pass", [False, True])
def test_the_audio_never_waits_for_a_recogniser_that_hangs(two_pass: bool) -> None:
    recogniser = Gated("too late")
    source = TranscribingSource(recogniser, timeout_s=1.0)
    endpointer = TwoPassEndpointer(eos_source=source) if two_pass else Endpointer()
    listener = RequestListener(WakeWord("computer"), endpointer, transcriber=source)
    (found,), longest = feed(listener, np.concatenate([ONE, floor(3)]))
    assert longest < 5.0  # the recogniser sleeps for the whole test, up to 60 s
    assert recogniser.threads
    assert threading.get_ident() not in recogniser.threads
    assert isinstance(found.outcome, Utterance)  # nothing is lost
    assert isinstance(found.transcript_error, RecogniserTimeoutError)
    # Without a transcript, the rule of the longest pause ends the utterance.
    assert found.outcome.reason == "silence"
    recogniser.gate.set()


def test_a_late_transcript_delays_its_request_only() -> None:
    recogniser = Gated("turn it on")
    source = TranscribingSource(recogniser, timeout_s=60)
    listener = RequestListener(WakeWord("computer"), Endpointer(), transcriber=source)
    assert feed(listener, ONE)[0] == []
    recogniser.gate.set()
    (found,) = listener.close()
    assert found.text == "turn it on"


def test_the_next_word_does_not_cancel_a_transcript() -> None:
    recogniser = Gated("first", "second")
    source = TranscribingSource(recogniser, timeout_s=60)
    listener = RequestListener(WakeWord("computer"), Endpointer(), transcriber=source)
    pcm = np.concatenate([WORD, floor(0.5), request(), floor(4), WORD, request(), floor(4)])
    found, _ = feed(listener, pcm)
    assert found == []
    recogniser.gate.set()
    assert [request.text for request in listener.close()] == ["first", "second"]


def test_speech_that_resumes_cancels() -> None:
    recogniser = Gated("one", "both")
    source = TranscribingSource(recogniser, timeout_s=60)
    listener = RequestListener(WakeWord("computer"), Endpointer(), transcriber=source)
    threading.Timer(0.3, recogniser.gate.set).start()
    feed(listener, TWO_PARTS[: len(WORD) + RATE // 2 + len(request()) + 8000])
    assert recogniser.began.wait(10)
    feed(listener, TWO_PARTS[len(WORD) + RATE // 2 + len(request()) + 8000 :])
    (found,) = listener.close()
    assert found.text in ("one", "both")  # by the order of the threads
    assert found.transcript.end_sample > len(TWO_PARTS) - 4.2 * RATE


@pytest.mark.parametrize(
    ("nonsense", "message"),
    [
        (ConnectionError("gone"), "failed: ConnectionError: gone"),
        ("turn on the light", "must return a Recognition"),
        (dataclasses.replace(recognition("a"), hypotheses=("a",)), "hypothesis is malformed"),
        (
            dataclasses.replace(recognition("a"), hypotheses=(Hypothesis("a", float("nan"), 1),)),
            "score is not finite",
        ),
        (dataclasses.replace(recognition("a"), frames=np.zeros(4, np.float32)), "encoding"),
        (
            dataclasses.replace(recognition("a"), frames=np.full((2, 4), np.nan, np.float32)),
            "encoding",
        ),
    ],
)
def test_nonsense_is_an_error_of_the_request(nonsense: object, message: str) -> None:
    for two_pass in (False, True):
        (found,) = listen(ONE, Returning(nonsense), two_pass=two_pass)
        assert isinstance(found.outcome, Utterance)
        assert found.transcript is None
        with pytest.raises(RecogniserError, match=message):
            raise found.transcript_error


def test_a_truncated_request_is_asked_about_and_joined() -> None:
    source = TranscribingSource(Saying("Set a timer for...", "Ten minutes."), realtime=False)
    check = TruncationCheck((), FrameRepair())
    listener = RequestListener(
        WakeWord("computer"), Endpointer(), transcriber=source, truncation=check
    )
    *_, first = listener.process(ONE)
    assert (first.repair.question, first.repair.missing_role) == ("For how long?", "duration")
    assert listener.listen_again(first) == []
    (second,) = listener.process(np.concatenate([floor(1), request(), floor(4)]))
    assert second.first is first
    assert second.detection is first.detection
    assert second.text == "Set a timer for ten minutes."
    assert second.repair is None
    assert second.transcript.begin_sample == len(ONE)  # there is no word to look for
    # No answer: one request all the same.
    listener.listen_again(second)
    (third,) = listener.process(floor(8))
    assert isinstance(third.outcome, NoSpeech)
    assert third.text == "Set a timer for ten minutes."


def test_what_a_transcript_calls_complete_is_not_asked_about() -> None:
    def repair(text: str) -> Any:
        check = TruncationCheck((), FrameRepair())
        (found,) = listen(ONE, Saying(text), truncation=check)
        return found.repair

    assert repair("Set a timer for ten minutes.") is None
    assert repair("How tall is the tower?") is None  # no known command, but complete
    assert repair("Set a timer.").missing_role == "duration"  # complete, but not enough
    assert repair("Where are the").question is not None


def test_joining() -> None:
    assert join_texts("Set a timer for...", "Ten minutes.") == "Set a timer for ten minutes."
    assert join_texts("Call", "I mean Anna") == "Call I mean Anna"
    assert join_texts("set a timer for", "for ten minutes") == "set a timer for ten minutes"
    again = "Set a timer for ten minutes."
    assert join_texts("Set a timer for", again) == again
    assert join_texts("", "yes") == "yes"
    assert join_texts("yes", "") == "yes"
    assert join_texts("add milk", "milk") == "add milk"


def test_completeness() -> None:
    sure = ["turn on the light", "what is that", "turn it on", "Stop!", "switch the lamp on"]
    unsure = ["", "...", "turn on the", "set a timer for", "book a table for", "play some", "and,"]
    assert [text for text in sure if completeness(text) <= 0.5] == []
    assert [text for text in unsure if completeness(text) >= 0.5] == []


@pytest.mark.parametrize(
    ("text", "word", "rest"),
    [
        ("Computer, turn on the light.", "computer", "turn on the light."),
        ("Computer turn on the light.", "computer", "turn on the light."),
        ("Hey, Samual. What's next?", "hey samuel", "What's next?"),
        ("O K Nabu stop", "okay nabu", "stop"),
        ("Rename this device.", "computer", "Rename this device."),
        ("Alexa", "alexa", ""),
        ("", "alexa", ""),
    ],
)
def test_the_wake_word_is_taken_off(text: str, word: str, rest: str) -> None:
    assert without_wake_word(text, word) == rest


def test_a_transcript_begins_behind_the_wake_word() -> None:
    (found,) = listen(ONE, Saying("Computer, turn it on."))
    assert found.text == "turn it on."
    assert [word.text for word in found.transcript.words] == ["turn", "it", "on."]


def test_bad_input() -> None:
    with pytest.raises(TypeError, match="recognise"):
        TranscribingSource("whisper")
    with pytest.raises(ValueError, match="timeout_s"):
        TranscribingSource(Saying("a"), timeout_s=0)
    with pytest.raises(TypeError, match="transcriber"):
        RequestListener(WakeWord("computer"), Endpointer(), transcriber="whisper")
