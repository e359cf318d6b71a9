"""The adapter to a real recogniser: pocketsphinx with the model in its package."""

from __future__ import annotations

import sys
from collections import deque

import numpy as np
import pytest

pytest.importorskip("pocketsphinx", reason="the pocketsphinx extra is not installed")
pytest.importorskip("soxr", reason="the audio extra is not installed")

from helpers.sounds import COMPUTER, REQUEST, floor, spoken
from helpers.voices import require_engine

from pywakeword import (
    Decision,
    End,
    EosPosterior,
    FrameRepair,
    MissingExtraError,
    PocketsphinxSource,
    RequestListener,
    TruncationCheck,
    TwoPassEndpointer,
    WakeWord,
)
from pywakeword.training.material.synthesis import Voice, speak


@pytest.fixture(scope="module")
def source() -> PocketsphinxSource:
    return PocketsphinxSource()


def test_words_and_the_end_of_a_sentence(source: PocketsphinxSource) -> None:
    pcm = np.concatenate([spoken("computer")[COMPUTER[1] :], floor(1)])
    source.reset()
    source.process(pcm[: REQUEST[1] - COMPUTER[1] - 6000])
    during = source.encoding()
    assert "turn" in during.tokens
    assert during.eos < 0.3
    source.process(pcm[REQUEST[1] - COMPUTER[1] - 6000 :])
    after = source.encoding()
    assert after.tokens[-2:] == ("the", "kitchen")
    assert after.eos > 0.6
    assert after.frames.shape[0] == 0


def test_an_unfinished_request_is_asked_about(source: PocketsphinxSource) -> None:
    require_engine("flite")
    take = speak("turn on the", Voice("flite", "rms"))
    said = np.rint(take * (12000 / np.abs(take).max())).astype(np.int16)
    word = spoken("computer")[: COMPUTER[1] + 800]
    decisions: deque[Decision] = deque(maxlen=64)
    endpointer = TwoPassEndpointer(
        eos_source=source, arbitrator=EosPosterior(), on_decision=decisions.append
    )
    listener = RequestListener(
        WakeWord("computer"), endpointer, truncation=TruncationCheck(decisions, FrameRepair())
    )
    _, found = listener.process(np.concatenate([word, floor(0.5), said, floor(5)]))
    assert found.repair.missing_role == "device"
    assert found.repair.question == "What should I switch?"


def test_cuts_and_reset_do_not_matter(source: PocketsphinxSource) -> None:
    pcm = spoken("computer")[REQUEST[0] : REQUEST[0] + 16_000]
    found = []
    for size in (10**9, 333):
        source.reset()
        for begin in range(0, len(pcm), size):
            source.process(pcm[begin : begin + size])
        encoding = source.encoding()
        found.append((encoding.tokens, encoding.eos, encoding.first_sample))
    assert found[0] == found[1]


def test_as_the_first_pass_of_an_endpointer(source: PocketsphinxSource) -> None:
    pcm = np.concatenate([spoken("computer")[COMPUTER[1] :], floor(2)])
    endpointer = TwoPassEndpointer(eos_source=source, arbitrator=EosPosterior())
    endpointer.reset()
    *_, end = endpointer.process(pcm)
    assert isinstance(end, End)
    assert end.reason == "arbitrator"
    assert end.decided_sample - end.sample < 0.6 * 16_000


def test_a_missing_pocketsphinx_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[pocketsphinx\]"):
        PocketsphinxSource()
