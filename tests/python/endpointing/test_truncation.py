from __future__ import annotations

import sys
import types
from collections import deque
from typing import Any

import numpy as np
import pytest
from helpers import sounds
from helpers.endpointing_fakes import Counting, Scripted
from helpers.sounds import floor, request, spoken

from pywakeword import (
    AmrRepair,
    Decision,
    Encoding,
    FrameRepair,
    MissingExtraError,
    ModelError,
    Repair,
    Request,
    RequestListener,
    TruncationCheck,
    TwoPassEndpointer,
    Utterance,
    WaitPolicy,
    WakeWord,
)

WORD = spoken("computer")[: sounds.COMPUTER[1] + 800]
NO_AUDIO = np.zeros(0, np.int16)


class Heard(Counting):
    """A recogniser that always heard the same."""

    def encoding(self) -> Encoding:
        return Encoding(np.zeros((0, 4), np.float32), 0, ("set", "a", "timer", "for"), 0.0)


class Hook:
    def __init__(self) -> None:
        self.calls: list[tuple[str, np.ndarray, float]] = []

    def __call__(self, transcript: str, audio: np.ndarray, probability: float) -> Repair:
        self.calls.append((transcript, audio, probability))
        return FrameRepair()(transcript, audio, probability)


def run(pcm: np.ndarray, *answers: float) -> tuple[list[Request], Hook]:
    decisions: deque[Decision] = deque(maxlen=64)
    hook = Hook()
    endpointer = TwoPassEndpointer(
        eos_source=Heard(),
        arbitrator=Scripted(*answers),
        on_decision=decisions.append,
        policy=WaitPolicy(shortest_ms=250, longest_ms=1000),
    )
    listener = RequestListener(
        WakeWord("computer"), endpointer, truncation=TruncationCheck(decisions, hook)
    )
    found = [*listener.process(pcm), *listener.close()]
    return [f for f in found if isinstance(f, Request)], hook


def test_an_unsure_end_asks_for_what_is_missing() -> None:
    pcm = np.concatenate([WORD, floor(0.5), request(), floor(4)])
    (found,), hook = run(pcm, 0.3)
    assert found.repair == Repair("For how long?", "duration", "timer")
    ((transcript, audio, probability),) = hook.calls
    said = found.outcome
    assert isinstance(said, Utterance)
    assert transcript == "set a timer for"
    assert probability == 0.3
    np.testing.assert_array_equal(audio, pcm[said.start_sample : said.end_sample])


def test_a_sure_end_asks_nothing() -> None:
    (found,), hook = run(np.concatenate([WORD, floor(0.5), request(), floor(4)]), 0.9)
    assert found.repair is None
    assert hook.calls == []


def test_what_is_resumed_needs_no_repair() -> None:
    # Unsure, too early; the rest comes within the grace period; then sure.
    pcm = np.concatenate([WORD, floor(0.5), request(), floor(1.5), request(), floor(4)])
    (found,), hook = run(pcm, 0.3, 0.3, 0.9)
    assert isinstance(found.outcome, Utterance)
    assert found.outcome.n_resumed == 1
    assert hook.calls == []
    # Unsure at the second end, too: asked once, with all of the audio.
    (found,), hook = run(pcm, 0.3)
    ((_, audio, _),) = hook.calls
    assert len(audio) > 2 * len(request())
    assert found.repair is not None


def check(**options: Any) -> TruncationCheck:
    return TruncationCheck([Decision(900, 700, 0.2, 0.0, ("a", "b"), 900.0)], Hook(), **options)


def test_an_end_that_nobody_judged_calls_no_hook() -> None:
    assert check().judge(Utterance(0, 800, 900, "max_utterance")) is None


@pytest.mark.parametrize("size", [1, 7, 1000, 40_000])
def test_the_newest_audio_is_kept(size: int) -> None:
    pcm = np.random.default_rng(5).integers(-9999, 9999, 40_000).astype(np.int16)
    decisions = [Decision(39_500, 39_000, 0.2, 0.0, ("a", "b"), 900.0)]
    hook = Hook()
    keeper = TruncationCheck(decisions, hook, keep_s=0.5, separator="")
    for begin in range(0, len(pcm), size):
        keeper.hear(pcm[begin : begin + size])
    keeper.judge(Utterance(10_000, 39_000, 39_900, "arbitrator"))
    ((transcript, audio, _),) = hook.calls
    assert transcript == "ab"
    np.testing.assert_array_equal(audio, pcm[32_000:39_000])  # the last half second's part


@pytest.mark.parametrize(
    ("text", "role", "frame"),
    [
        ("set a timer for", "duration", "timer"),
        ("set a timer for ten minutes", None, "timer"),
        ("Wake me at", "time", "alarm"),
        ("wake me at seven", None, "alarm"),
        ("set an alarm", "time", "alarm"),
        ("remind me to", "what", "reminder"),
        ("remind me to buy milk", None, "reminder"),
        ("turn on the", "device", "switch"),
        ("turn the kitchen light", "state", "switch"),
        ("turn the kitchen light on", None, "switch"),
        ("play some", "what", "play"),
        ("play some jazz", None, "play"),
        ("call my", "whom", "call"),
        ("turn the volume", "change", "volume"),
        ("set the heating to", "value", "temperature"),
        ("add", "what", "list"),
        ("add to my list", "what", "list"),
        ("add milk to my list", None, "list"),
        ("book a table for", "for", "booking"),
        ("book a table for two", None, "booking"),
        ("book", "what", "booking"),
        ("send a message to", "whom", "message"),
        ("send a text message to my", "whom", "message"),
        ("send a message to Anna", None, "message"),
        ("text my mother", None, "message"),
        ("what's the weather in", "place", "weather"),
        ("weather in", "place", "weather"),
        ("what's the weather in London", None, "weather"),
        ("what's the weather", None, "weather"),
    ],
)
def test_the_table_of_commands(text: str, role: str | None, frame: str) -> None:
    repair = FrameRepair()(text, NO_AUDIO, 0.2)
    assert (repair.missing_role, repair.frame) == (role, frame)
    assert (repair.question is None) == (role is None)


def test_what_is_no_command_is_asked_again() -> None:
    for text in ("", "what is"):
        repair = FrameRepair()(text, NO_AUDIO, 0.2)
        assert repair.frame is None
        assert repair.question == "Sorry, could you say that again?"
    more = FrameRepair()("set a timer for ten minutes and", NO_AUDIO, 0.2)
    assert more.missing_role is None
    assert more.question is not None


GRAPHS = {
    "remind me to": "(r / remind-01 :mode imperative :ARG0 (y / you) :ARG1 (i / i))",
    "play jazz": "(p / play-11 :mode imperative :ARG0 (y / you) :ARG1 (m / music))",
    "turn on the": "(t / turn-on-13 :mode imperative :ARG0 (y / you))",
    "set a timer for": "(s / set-02 :mode imperative :ARG0 (y / you) :ARG1 (t / timer))",
    "set a ten minute timer": "(s / set-02 :ARG1 (t / timer :duration (q / minute :quant 10)))",
    "book a table for": "(b / book-03 :mode imperative :ARG0 (y / you) :ARG1 (t / table))",
    "send a message to": "(s / send-01 :mode imperative :ARG0 (y / you) :ARG1 (m / message))",
    "add to my list": "(a / add-02 :mode imperative :ARG0 (y / you) :ARG2 (l / list))",
    "light": "(l / light)",
    "broken": "(l / ",
}


def test_a_graph_shows_what_is_missing() -> None:
    pytest.importorskip("penman", reason="the amr extra is not installed")
    repair = AmrRepair(parse=GRAPHS.__getitem__)
    found = repair("remind me to", NO_AUDIO, 0.2)
    assert (found.missing_role, found.frame) == (":ARG2", "remind")
    assert found.question == "What should I remind you of?"
    assert found.graph.top == "r"
    assert repair("turn on the", NO_AUDIO, 0.2).question == "What should I turn on?"
    assert repair("play jazz", NO_AUDIO, 0.2).question is None
    for text in ("set a timer for", "book a table for", "send a message to", "add to my list"):
        assert repair(text, NO_AUDIO, 0.2).question == FrameRepair()(text, NO_AUDIO, 0.2).question
    assert repair("set a ten minute timer", NO_AUDIO, 0.2).question is None
    for text in ("light", ""):
        assert repair(text, NO_AUDIO, 0.2).question == "Sorry, could you say that again?"
    with pytest.raises(ModelError, match="no AMR graph"):
        repair("broken", NO_AUDIO, 0.2)


def test_amrlib_is_asked_where_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("penman", reason="the amr extra is not installed")
    amrlib: Any = types.ModuleType("amrlib")

    def load_stog_model(model_dir: str | None) -> object:
        if model_dir is None:
            raise FileNotFoundError(2, "No such file or directory", "data/model_stog")
        return types.SimpleNamespace(parse_sents=lambda sents: [GRAPHS[s] for s in sents])

    amrlib.load_stog_model = load_stog_model
    monkeypatch.setitem(sys.modules, "amrlib", amrlib)
    with pytest.raises(ModelError, match="model_stog"):
        AmrRepair()
    assert AmrRepair("some/model")("remind me to", NO_AUDIO, 0.2).missing_role == ":ARG2"


@pytest.mark.parametrize("module", ["amrlib", "penman"])
def test_missing_extras_are_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "penman", types.ModuleType("penman"))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[amr\]"):
        AmrRepair()


def test_bad_input() -> None:
    with pytest.raises(TypeError, match="callable"):
        TruncationCheck([], "hook")
    with pytest.raises(ValueError, match="sure_from"):
        check(sure_from=0)
    with pytest.raises(ValueError, match="keep_s"):
        check(keep_s=0)
    decisions = [Decision(900, 700, 0.2, 0.0, (), 900.0)]
    wrong = TruncationCheck(decisions, lambda *_: None)
    with pytest.raises(TypeError, match="Repair"):
        wrong.judge(Utterance(0, 700, 900, "arbitrator"))
